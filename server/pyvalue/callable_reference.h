#ifndef ENVKNIT_SERVER_PYVALUE_CALLABLE_REFERENCE_H_
#define ENVKNIT_SERVER_PYVALUE_CALLABLE_REFERENCE_H_

#include <Python.h>

#include <optional>
#include <string>
#include <string_view>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"

namespace envknit {

// Callables and classes of builtins and the standard library cross by the name
// they are imported under (the message CallableReference): code never does.

struct CallableName {
  std::string module;
  std::string path;
};

// The name under which a loaded standard module has just this object; the
// public one of several. nullopt: it has none.
std::optional<CallableName> FindCallableName(PyObject* object);

// For an object that crosses in no way: what to say of a function or class
// ("the function 'mylib.f' is not by value: …"), empty for anything else.
std::string RefusedCallableText(PyObject* object);

void WriteCallable(ByteWriter& out, uint32_t field, const CallableName& name);

// New reference to what the message CallableReference names, imported here.
// nullptr: `error` is filled: not of the standard library, not there, reached
// through something else than modules and classes, or not callable. Throws
// protozero's exceptions.
PyObject* ResolveCallable(std::string_view bytes, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_CALLABLE_REFERENCE_H_
