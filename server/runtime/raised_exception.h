#ifndef ENVKNIT_SERVER_RUNTIME_RAISED_EXCEPTION_H_
#define ENVKNIT_SERVER_RUNTIME_RAISED_EXCEPTION_H_

#include <Python.h>

#include "server/pyvalue/python_ref.h"

namespace envknit {

// Takes the current exception, as one object with its traceback attached; the
// C API has that as one call from 3.12 on. Empty if none is set.
inline PyRef TakeRaisedException() {
#if PY_VERSION_HEX >= 0x030C0000
  return PyRef::Steal(PyErr_GetRaisedException());
#else
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type == nullptr) return {};
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return PyRef::Steal(value);
#endif
}

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_RAISED_EXCEPTION_H_
