#include "python_client/native/argument_proxies.h"

#include "python_client/native/handle.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

bool IsInstance(PyObject* object, const py::object& type) {
  return PyType_IsSubtype(Py_TYPE(object),
                          reinterpret_cast<PyTypeObject*>(type.ptr())) != 0;
}

}  // namespace

HandleEncoder::Answer ArgumentProxies::Encode(PyObject* object,
                                              HandleFields& handle,
                                              CodecError& error) {
  try {
    const auto proxy = py::reinterpret_borrow<py::object>(object);
    if (IsInstance(object, hooks_.remote_object)) {
      return Take(proxy.attr(hooks_.handle_name), handle, error);
    }
    if (IsInstance(object, hooks_.named_proxy)) {
      return Take(hooks_.resolve(proxy), handle, error);
    }
    return Answer::kNotAHandle;
  } catch (py::error_already_set& raised) {
    raised.restore();
    error.Python();
    return Answer::kFailed;
  }
}

HandleEncoder::Answer ArgumentProxies::Take(const py::object& owner,
                                            HandleFields& handle,
                                            CodecError& error) {
  const auto held = owner.cast<std::shared_ptr<Handle>>();
  if (!held->IsOf(session_)) {
    error.kind = CodecError::Kind::kHandle;
    error.reason = held->IsStale() ? "HANDLE_EXPIRED" : "CROSS_WORKER";
    error.message = held->IsStale() ? "the worker that held this object is gone"
                                    : "this object lives in another worker";
    error.handle = held->fields().id;
    error.epoch = held->fields().epoch;
    return Answer::kFailed;
  }
  // The rest is for readers; the worker needs the name only.
  handle.id = held->fields().id;
  handle.epoch = held->fields().epoch;
  return Answer::kHandle;
}

}  // namespace envknit::native
