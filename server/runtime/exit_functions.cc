#include "server/runtime/exit_functions.h"

#include <Python.h>

#include "server/pyvalue/python_ref.h"

namespace envknit {

void RunExitFunctions() {
  const PyRef atexit = PyRef::Steal(PyImport_ImportModule("atexit"));
  if (atexit) {
    const PyRef done = PyRef::Steal(
        PyObject_CallMethod(atexit.get(), "_run_exitfuncs", nullptr));
  }
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(nullptr);
}

}  // namespace envknit
