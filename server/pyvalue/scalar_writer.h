#ifndef ENVKNIT_SERVER_PYVALUE_SCALAR_WRITER_H_
#define ENVKNIT_SERVER_PYVALUE_SCALAR_WRITER_H_

#include <Python.h>

#include <cstddef>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"

namespace envknit {

enum class ScalarWritten { kDone, kNotScalar, kFailed };

// Writes the kind of a Value that is exactly None, bool, int, float, complex,
// str or bytes. kFailed: it needs more than `budget` bytes (kOverLimit), or
// memory ran out (kPython).
ScalarWritten WriteScalar(ByteWriter& out, PyObject* object, std::size_t budget,
                          CodecError& error);

// The same of a numpy scalar that widens exactly, with its dtype as type hint.
ScalarWritten WriteWidenedScalar(ByteWriter& out, PyObject* object,
                                 std::size_t budget, CodecError& error);

// The name of a numpy scalar's type, as the hint of the value it became.
void WriteTypeHint(ByteWriter& out, PyObject* scalar);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_SCALAR_WRITER_H_
