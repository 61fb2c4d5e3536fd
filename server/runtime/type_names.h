#ifndef ENVKNIT_SERVER_RUNTIME_TYPE_NAMES_H_
#define ENVKNIT_SERVER_RUNTIME_TYPE_NAMES_H_

#include <Python.h>

#include <cstddef>
#include <string>

namespace envknit {

// Where a type says it is from; "builtins" and "list" for list. Runs no user
// code.
struct TypeNames {
  std::string module;
  std::string qualname;

  std::string Full() const;
};

TypeNames NamesOf(PyTypeObject* type);

// UTF-8 of a str, at most about `max_bytes` (whole characters), with lone
// surrogates escaped: protobuf text must be valid. Empty for anything else.
std::string TextOf(PyObject* object, std::size_t max_bytes);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_TYPE_NAMES_H_
