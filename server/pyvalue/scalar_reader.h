#ifndef ENVKNIT_SERVER_PYVALUE_SCALAR_READER_H_
#define ENVKNIT_SERVER_PYVALUE_SCALAR_READER_H_

#include <Python.h>

#include <cstdint>
#include <string_view>

#include "server/pyvalue/codec_error.h"

namespace envknit {

// New reference to the scalar in a length-delimited field of Value: none, str,
// bytes, complex, bigint, raw str. nullptr: `error` is filled, or `field` is
// none of these (`error` stays kNone). Throws protozero's exceptions.
PyObject* ReadScalar(uint32_t field, std::string_view bytes, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_SCALAR_READER_H_
