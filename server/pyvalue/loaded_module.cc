#include "server/pyvalue/loaded_module.h"

#include <utility>

namespace envknit {

PyObject* FindInLoadedModule(const char* module, const char* name) {
  PyObject* const modules = PyImport_GetModuleDict();
  if (modules == nullptr || !PyDict_Check(modules)) return nullptr;
  PyObject* const loaded = PyDict_GetItemString(modules, module);
  if (loaded == nullptr || !PyModule_Check(loaded)) return nullptr;
  PyObject* const names = PyModule_GetDict(loaded);
  return names == nullptr ? nullptr : PyDict_GetItemString(names, name);
}

bool IsTypeOfModule(PyTypeObject* type, const char* module, const char* name) {
  return FindInLoadedModule(module, name) == reinterpret_cast<PyObject*>(type);
}

bool IsStandardModule(std::string_view module) {
  const std::string_view top = module.substr(0, module.find('.'));
  if (top == "builtins") return true;
  PyObject* const names = PySys_GetObject("stdlib_module_names");  // borrowed
  if (names == nullptr || !PyFrozenSet_CheckExact(names)) return false;
  const PyRef text = PyRef::Steal(PyUnicode_FromStringAndSize(
      top.data(), static_cast<Py_ssize_t>(top.size())));
  const int found = text ? PySet_Contains(names, text.get()) : -1;
  if (found < 0) PyErr_Clear();
  return found == 1;
}

PyObject* CallStandard(const char* module, const char* name, const PyRef& args,
                       std::string complaint, CodecError& error) {
  const PyRef loaded =
      args ? PyRef::Steal(PyImport_ImportModule(module)) : PyRef();
  const PyRef callable =
      loaded ? PyRef::Steal(PyObject_GetAttrString(loaded.get(), name))
             : PyRef();
  if (!callable) {
    error.Python();
    return nullptr;
  }
  PyObject* const made =
      PyObject_Call(callable.get(), args.get(), /*kwargs=*/nullptr);
  if (made != nullptr) return made;
  if (PyErr_ExceptionMatches(PyExc_Exception) != 0 &&
      PyErr_ExceptionMatches(PyExc_MemoryError) == 0) {
    PyErr_Clear();
    error.Malformed(std::move(complaint));
  } else {
    error.Python();
  }
  return nullptr;
}

}  // namespace envknit
