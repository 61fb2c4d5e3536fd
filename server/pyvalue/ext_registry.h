#ifndef ENVKNIT_SERVER_PYVALUE_EXT_REGISTRY_H_
#define ENVKNIT_SERVER_PYVALUE_EXT_REGISTRY_H_

#include <Python.h>

#include <cstddef>
#include <string_view>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// The closed registry of types that cross as their documented fields and are
// rebuilt by name (the message ExtValue in value.proto says which fields).
// Without state. The types' families have files of their own: ext_builtins,
// ext_datetime, ext_numbers, ext_paths, ext_uuid, ext_zoneinfo.

// What an object is on the wire.
struct ExtParts {
  // Registered name, such as "builtins.slice"; empty: not registered.
  std::string_view type;
  // A tuple of the documented fields; empty with a Python exception when memory
  // is out.
  PyRef fields;
};

// Of exact types only; subclasses are not registered. Runs no user code and
// imports nothing.
ExtParts TakeExt(PyObject* object);

// What field `index` is called in a path, such as ".tzinfo"; empty: "[index]".
std::string_view ExtFieldName(std::string_view type, std::size_t index);

// New reference to the object with these fields (borrowed), nullptr with
// `error` filled if the name is not registered or the fields don't fit.
PyObject* BuildExt(std::string_view type, PyObject* const* fields,
                   std::size_t count, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_EXT_REGISTRY_H_
