#ifndef ENVKNIT_SERVER_PYVALUE_BUFFER_TENSOR_H_
#define ENVKNIT_SERVER_PYVALUE_BUFFER_TENSOR_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"

namespace envknit {

// Appends the elements of a buffer exporter as the field `field`, a message
// Tensor: C and Fortran order as they are, anything else packed to C order.
// False: `error` is kNotByValue (object dtype, foreign byte order, elements of
// no kind that numpy has, no buffer at all) or kOverLimit (`out` would exceed
// `byte_limit`).
bool WriteBufferTensor(ByteWriter& out, uint32_t field, PyObject* exporter,
                       std::size_t byte_limit, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_BUFFER_TENSOR_H_
