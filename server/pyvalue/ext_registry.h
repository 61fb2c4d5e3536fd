#ifndef ENVKNIT_SERVER_PYVALUE_EXT_REGISTRY_H_
#define ENVKNIT_SERVER_PYVALUE_EXT_REGISTRY_H_

#include <Python.h>

#include <cstddef>
#include <string_view>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// The closed registry of types that cross as their documented fields and are
// rebuilt by name (the message ExtValue): slice, range, bytearray, Ellipsis and
// NotImplemented. Without state; runs no user code.

// The registered name of the object's exact type, such as "builtins.slice";
// empty if it isn't registered.
std::string_view ExtTypeName(PyObject* object);

// Its documented fields, in order, as a tuple. Only for registered types;
// empty with a Python exception when memory is out.
PyRef ExtFields(PyObject* object);

// New reference to the object with these fields (borrowed), nullptr with
// `error` filled if the name is not registered or the fields don't fit.
PyObject* BuildExt(std::string_view type, PyObject* const* fields,
                   std::size_t count, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_EXT_REGISTRY_H_
