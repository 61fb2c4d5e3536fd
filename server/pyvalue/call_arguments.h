#ifndef ENVKNIT_SERVER_PYVALUE_CALL_ARGUMENTS_H_
#define ENVKNIT_SERVER_PYVALUE_CALL_ARGUMENTS_H_

#include <Python.h>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/value_encoder.h"

namespace envknit {

// Appends the fields args and kwargs of a CallRequest. `args` is a tuple,
// `kwargs` a dict with str keys, or nullptr. Calls encoder.BeginMessage().
// False: `out` is as it was and `error` has a path such as "args[0][3]" or
// "kwargs.axis".
bool EncodeCallArguments(ValueEncoder& encoder, ByteWriter& out, PyObject* args,
                         PyObject* kwargs, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_CALL_ARGUMENTS_H_
