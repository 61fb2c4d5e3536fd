#ifndef ENVKNIT_SERVER_PYVALUE_JSON_VALUE_H_
#define ENVKNIT_SERVER_PYVALUE_JSON_VALUE_H_

#include <Python.h>

#include <cstdint>
#include <string_view>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/limits.h"

namespace envknit {

// google.protobuf.Value, ListValue and Struct: the form for people and grpcurl.

// New reference to a list from a ListValue. Numbers that are integral and at
// most 2^53 become int. nullptr: `error` is filled.
PyObject* DecodeJsonList(std::string_view bytes, const ValueLimits& limits,
                         CodecError& error);

// New reference to a dict from a Struct.
PyObject* DecodeJsonStruct(std::string_view bytes, const ValueLimits& limits,
                           CodecError& error);

// Appends the field `field`, a Value. False: kNotByValue with the path of what
// JSON can't hold (ints beyond 2^53, NaN, infinities, bytes, anything that is
// not None, bool, int, float, str, list, tuple, or dict with str keys), or
// kOverLimit.
bool EncodeJson(ByteWriter& out, uint32_t field, PyObject* object,
                const ValueLimits& limits, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_JSON_VALUE_H_
