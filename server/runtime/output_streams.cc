#include "server/runtime/output_streams.h"

#include <Python.h>

#include <stdio.h>

#include "server/pyvalue/python_ref.h"

namespace envknit {
namespace {

void Flush(const char* name) {
  const PyRef stream = PyRef::Borrow(PySys_GetObject(name));
  if (!stream || stream.get() == Py_None) return;
  const PyRef done =
      PyRef::Steal(PyObject_CallMethod(stream.get(), "flush", nullptr));
  if (!done) PyErr_Clear();
}

}  // namespace

void FlushOutput() {
  Flush("stdout");
  Flush("stderr");
  ::fflush(stdout);
}

}  // namespace envknit
