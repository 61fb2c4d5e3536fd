#ifndef ENVKNIT_SERVER_PYVALUE_STRUCTURED_DTYPE_H_
#define ENVKNIT_SERVER_PYVALUE_STRUCTURED_DTYPE_H_

#include <Python.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// numpy's structured dtypes as Tensor.descr: the JSON of `dtype.descr`, a list
// of [name, type] or [name, type, shape], where a name may be [title, name], a
// type is a typestr or such a list again, and an empty name means padding.

// Whether the dtype is a structured one.
bool IsStructuredDtype(PyObject* dtype);

// Appends the JSON. False, without an exception: `why` names the field that
// can't cross (object dtype, foreign byte order) or says what else is in the
// way (overlapping fields). Asks numpy's C getters only.
bool WriteDescr(PyObject* dtype, std::string& json, std::string& why);

// New reference to the dtype that `descr` describes, made by `make_dtype`
// (numpy.dtype) with offsets of ours; its items have `item_bytes` bytes. Empty:
// `error` is filled.
PyRef BuildDtype(PyObject* make_dtype, std::string_view descr,
                 std::size_t item_bytes, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_STRUCTURED_DTYPE_H_
