#ifndef ENVKNIT_SERVER_PYVALUE_LOADED_MODULE_H_
#define ENVKNIT_SERVER_PYVALUE_LOADED_MODULE_H_

#include <Python.h>

#include <string>
#include <string_view>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// Modules as the codec needs them. Encoding only looks into those that are
// loaded (a type that isn't has no objects) and asks them for no attribute:
// what stands in sys.modules may be anything. Needs the GIL.

// What a loaded module's own dict has under `name`. Borrowed; nullptr, without
// an exception, if there is no such module or name.
PyObject* FindInLoadedModule(const char* module, const char* name);

// Whether `type` is what the loaded module has under `name`.
bool IsTypeOfModule(PyTypeObject* type, const char* module, const char* name);

// Whether the first name of a dotted module name is builtins or one of
// sys.stdlib_module_names.
bool IsStandardModule(std::string_view module);

// Imports `module` and calls what it has under `name` with the tuple `args`.
// New reference. nullptr: exceptions of the callee say that the message doesn't
// fit, which becomes kMalformed with `complaint`; the others are kPython.
PyObject* CallStandard(const char* module, const char* name, const PyRef& args,
                       std::string complaint, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_LOADED_MODULE_H_
