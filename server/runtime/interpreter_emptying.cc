#include "server/runtime/interpreter_emptying.h"

#include <Python.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/pyvalue/python_ref.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxNameBytes = 256;

// Of what the interpreter still needs to run a few lines and write to stdout.
bool IsNeeded(std::string_view name) {
  const std::string_view top = name.substr(0, name.find('.'));
  for (const std::string_view needed :
       {"_frozen_importlib", "_frozen_importlib_external", "_weakrefset", "abc",
        "codecs", "encodings", "io", "threading", "weakref"}) {
    if (top == needed) return true;
  }
  return false;
}

bool IsWrittenInPython(PyObject* module) {
  return PyModule_Check(module) && PyModule_GetDef(module) == nullptr;
}

// Borrowed; they stay in sys.modules.
std::vector<PyObject*> NeededModules() {
  std::vector<PyObject*> needed;
  Py_ssize_t position = 0;
  PyObject* name = nullptr;
  PyObject* module = nullptr;
  while (PyDict_Next(PyImport_GetModuleDict(), &position, &name, &module) !=
         0) {
    if (IsNeeded(TextOf(name, kMaxNameBytes))) needed.push_back(module);
  }
  return needed;
}

// Takes the modules out of sys.modules and returns their names' dicts. Some
// are there under two names, so it is the modules that are told apart.
std::vector<PyRef> TakeModules() {
  std::vector<PyRef> taken;
  const std::vector<PyObject*> needed = NeededModules();
  PyObject* const modules = PyImport_GetModuleDict();
  const PyRef names = PyRef::Steal(PyDict_Keys(modules));
  for (Py_ssize_t i = 0; names && i < PyList_GET_SIZE(names.get()); ++i) {
    PyObject* const name = PyList_GET_ITEM(names.get(), i);
    const PyRef module = PyRef::Borrow(PyDict_GetItemWithError(modules, name));
    if (!module || !IsWrittenInPython(module.get())) continue;
    if (std::find(needed.begin(), needed.end(), module.get()) != needed.end()) {
      continue;
    }
    if (PyDict_DelItem(modules, name) != 0) PyErr_Clear();
    taken.push_back(PyRef::Borrow(PyModule_GetDict(module.get())));
  }
  PyErr_Clear();
  return taken;
}

bool IsPrivate(PyObject* name) {
  return PyUnicode_GET_LENGTH(name) >= 2 &&
         PyUnicode_READ_CHAR(name, 0) == '_' &&
         PyUnicode_READ_CHAR(name, 1) != '_';
}

// In the order of Python's own end: what is left of the module's functions
// finds None, for which the standard library is prepared.
void ForgetNames(PyObject* dict) {
  const PyRef names = PyRef::Steal(PyDict_Keys(dict));
  if (!names) return;
  for (const bool is_private : {true, false}) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
      PyObject* const name = PyList_GET_ITEM(names.get(), i);
      if (!PyUnicode_Check(name) || IsPrivate(name) != is_private ||
          PyUnicode_CompareWithASCIIString(name, "__builtins__") == 0) {
        continue;
      }
      if (PyDict_SetItem(dict, name, Py_None) != 0) PyErr_Clear();
    }
  }
}

}  // namespace

void DropModules() {
  std::vector<PyRef> dicts = TakeModules();
  // What nobody else holds goes in good order, as Python's own end does it.
  PyGC_Collect();
  for (const PyRef& dict : dicts) {
    if (Py_REFCNT(dict.get()) > 1) ForgetNames(dict.get());
  }
  dicts.clear();
  PyType_ClearCache();
  PyGC_Collect();
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(nullptr);
}

}  // namespace envknit
