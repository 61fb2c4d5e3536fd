#include "server/runtime/import_frames.h"

#include <frameobject.h>

#include "server/pyvalue/python_ref.h"

namespace envknit {

bool IsImporting(PyObject* frame) {
  if (!PyFrame_Check(frame)) return false;
  PyRef current = PyRef::Borrow(frame);
  while (current) {
    auto* const here = reinterpret_cast<PyFrameObject*>(current.get());
    PyCodeObject* const code = PyFrame_GetCode(here);
    // The frames of the import system are those of the frozen importlib.
    const bool importing =
        PyUnicode_CompareWithASCIIString(code->co_filename,
                                         "<frozen importlib._bootstrap>") == 0;
    Py_DECREF(code);
    if (importing) return true;
    current = PyRef::Steal(reinterpret_cast<PyObject*>(PyFrame_GetBack(here)));
  }
  return false;
}

}  // namespace envknit
