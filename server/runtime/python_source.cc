#include "server/runtime/python_source.h"

#include <Python.h>

#include <fstream>
#include <iterator>

#include "server/pyvalue/concat.h"

namespace envknit {

PyRef RunPythonSource(const std::string& directory, std::string_view name) {
  const std::string path = Concat({directory, "/", name});
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file),
                         std::istreambuf_iterator<char>()};
  if (!file) {
    PyErr_Format(PyExc_RuntimeError, "cannot read %s", path.c_str());
    return {};
  }
  const PyRef code =
      PyRef::Steal(Py_CompileString(text.c_str(), path.c_str(), Py_file_input));
  PyRef names = PyRef::Steal(PyDict_New());
  if (!code || !names) return {};
  const PyRef own_name = PyRef::Steal(PyUnicode_FromStringAndSize(
      name.data(), static_cast<Py_ssize_t>(name.size())));
  if (!own_name ||
      PyDict_SetItemString(names.get(), "__builtins__", PyEval_GetBuiltins()) !=
          0 ||
      PyDict_SetItemString(names.get(), "__name__", own_name.get()) != 0) {
    return {};
  }
  const PyRef done =
      PyRef::Steal(PyEval_EvalCode(code.get(), names.get(), names.get()));
  return done ? std::move(names) : PyRef();
}

}  // namespace envknit
