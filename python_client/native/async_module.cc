#include "python_client/native/async_module.h"

#include <pybind11/stl.h>

#include "python_client/native/async_calls.h"

namespace py = pybind11;

namespace envknit::native {

void AddAsyncCalls(py::module_& module) {
  py::class_<AsyncCalls>(module, "AsyncCalls")
      .def(py::init<py::object>(), py::arg("failed"))
      .def("fileno", &AsyncCalls::fileno)
      .def_property_readonly("waiting", &AsyncCalls::waiting)
      .def("call", &AsyncCalls::Call, py::arg("session"), py::arg("target"),
           py::arg("args"), py::arg("kwargs"), py::arg("timeout"),
           py::arg("slack"), py::arg("context"), py::arg("future"))
      .def("get_attr", &AsyncCalls::GetAttr, py::arg("session"),
           py::arg("target"), py::arg("as_handle"), py::arg("timeout"),
           py::arg("slack"), py::arg("context"), py::arg("future"))
      .def("import_module", &AsyncCalls::Import, py::arg("session"),
           py::arg("module"), py::arg("timeout"), py::arg("slack"),
           py::arg("context"), py::arg("future"))
      .def("cancel", &AsyncCalls::Cancel, py::arg("future"))
      .def("drain", &AsyncCalls::Drain)
      .def("check", &AsyncCalls::Check)
      .def("close", &AsyncCalls::Close);
}

}  // namespace envknit::native
