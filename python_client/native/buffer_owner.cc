#include "python_client/native/buffer_owner.h"

#include "server/pyvalue/python_ref.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

int GetBuffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  const PyRef copy =
      PyRef::Steal(PyObject_CallMethod(self, "_envknit_buffer", nullptr));
  if (!copy) return -1;
  // The view owns the copy, not the proxy.
  return PyObject_GetBuffer(copy.get(), view, flags);
}

}  // namespace

py::object MakeBufferOwner() {
  PyType_Slot slots[] = {
      {Py_bf_getbuffer, reinterpret_cast<void*>(&GetBuffer)},
      {0, nullptr},
  };
  PyType_Spec spec = {"envknit._core.BufferOwner", 0, 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(type);
}

}  // namespace envknit::native
