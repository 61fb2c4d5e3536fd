#include "python_client/native/python_hooks.h"

#include "python_client/native/gil.h"

namespace py = pybind11;

namespace envknit::native {

void ThrowError(const PythonHooks& hooks, int code, const char* reason,
                const std::string& message, const py::dict& metadata) {
  ThrowException(hooks.make_error(code, reason, message, metadata));
}

bool SignalRaised() {
  GilTaken gil;
  return PyErr_CheckSignals() != 0;
}

void ThrowException(const py::object& exception) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())),
                  exception.ptr());
  throw py::error_already_set();
}

}  // namespace envknit::native
