#include "server/runtime/interpreter_setup.h"

#include <Python.h>

#include <string_view>

#include "server/frame/worker_signals.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

constexpr int kStderr = 2;

bool CleanMain() {
  const PyRef clean = PyRef::Steal(PyModule_New("__main__"));
  if (!clean) return false;
  PyObject* const modules = PyImport_GetModuleDict();
  // The one that is replaced holds the script that runs us: it must live on.
  PyObject* const old = PyDict_GetItemString(modules, "__main__");
  Py_XINCREF(old);
  return PyModule_AddObjectRef(clean.get(), "__builtins__",
                               PyEval_GetBuiltins()) == 0 &&
         PyDict_SetItemString(modules, "__main__", clean.get()) == 0;
}

bool CleanArgv() {
  const PyRef argv = PyRef::Steal(Py_BuildValue("[s]", ""));
  return argv && PySys_SetObject("argv", argv.get()) == 0;
}

}  // namespace

bool AvoidBrokenModules() {
#if PY_VERSION_HEX < 0x030D0000
  // _datetime doesn't load, and _zoneinfo, which needs it, fails with an error
  // that zoneinfo doesn't expect; it has the same in Python.
  return PyDict_SetItemString(PyImport_GetModuleDict(), "_zoneinfo", Py_None) ==
         0;
#else
  return true;
#endif
}

bool RegisterStackDump() {
  const PyRef module = PyRef::Steal(PyImport_ImportModule("faulthandler"));
  if (!module) return false;
  const PyRef function =
      PyRef::Steal(PyObject_GetAttrString(module.get(), "register"));
  const PyRef args = PyRef::Steal(Py_BuildValue("(i)", StackDumpSignal()));
  const PyRef kwargs = PyRef::Steal(
      Py_BuildValue("{sisO}", "file", kStderr, "all_threads", Py_True));
  if (!function || !args || !kwargs) return false;
  return static_cast<bool>(
      PyRef::Steal(PyObject_Call(function.get(), args.get(), kwargs.get())));
}

bool SetSysPath(const std::vector<std::string>& install_paths) {
  PyObject* const standard = PySys_GetObject("path");  // borrowed
  if (standard == nullptr || !PyList_Check(standard)) {
    PyErr_SetString(PyExc_RuntimeError, "sys.path is no list");
    return false;
  }
  const PyRef path = PyRef::Steal(PyList_New(0));
  if (!path) return false;
  const auto append = [&](PyObject* entry) {
    const int there = PySequence_Contains(path.get(), entry);
    return there == 1 || (there == 0 && PyList_Append(path.get(), entry) == 0);
  };
  for (const std::string& directory : install_paths) {
    const PyRef entry = PyRef::Steal(PyUnicode_DecodeFSDefaultAndSize(
        directory.data(), static_cast<Py_ssize_t>(directory.size())));
    if (!entry || !append(entry.get())) return false;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(standard); ++i) {
    if (!append(PyList_GET_ITEM(standard, i))) return false;
  }
  return PySys_SetObject("path", path.get()) == 0;
}

bool PrepareInterpreter() { return CleanMain() && CleanArgv(); }

std::string PythonVersion() {
  const std::string_view text = Py_GetVersion();
  return std::string(text.substr(0, text.find(' ')));
}

std::string PythonSoabi() {
  // The first suffix is ".cpython-311-x86_64-linux-gnu.so"; sysconfig would
  // have to be imported.
  const PyRef module = PyRef::Steal(PyImport_ImportModule("_imp"));
  const PyRef suffixes = module
                             ? PyRef::Steal(PyObject_CallMethod(
                                   module.get(), "extension_suffixes", nullptr))
                             : PyRef();
  if (!suffixes || !PyList_Check(suffixes.get()) ||
      PyList_GET_SIZE(suffixes.get()) == 0) {
    PyErr_Clear();
    return {};
  }
  std::string suffix = TextOf(PyList_GET_ITEM(suffixes.get(), 0), 256);
  const std::size_t end = suffix.rfind(".so");
  if (suffix.empty() || suffix[0] != '.' || end == 0) return {};
  return suffix.substr(1, end - 1);
}

}  // namespace envknit
