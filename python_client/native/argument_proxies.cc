#include "python_client/native/argument_proxies.h"

#include <memory>

#include "python_client/native/handle.h"
#include "server/pyvalue/tensor_source.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

// Below, an array in the message of its call is faster than one round trip
// more.
constexpr Py_ssize_t kLargeArrayBytes = 4 << 20;

bool IsInstance(PyObject* object, const py::object& type) {
  return PyType_IsSubtype(Py_TYPE(object),
                          reinterpret_cast<PyTypeObject*>(type.ptr())) != 0;
}

bool IsLargeBuffer(PyObject* object) {
  if (!HasBuffer(object)) return false;
  Py_buffer view = {};
  if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) != 0) {
    // The encoder says why.
    PyErr_Clear();
    return false;
  }
  const bool large = view.len >= kLargeArrayBytes;
  PyBuffer_Release(&view);
  return large;
}

}  // namespace

bool ArgumentProxies::IsProxy(PyObject* object) const {
  return IsInstance(object, hooks_.remote_object) ||
         IsInstance(object, hooks_.named_proxy);
}

void ArgumentProxies::CheckCanPut() const {
  if (!put_) throw ArgumentsTooLarge();
}

py::object ArgumentProxies::Put(const ValueStream& stream) const {
  CheckCanPut();
  return put_(stream);
}

HandleEncoder::Answer ArgumentProxies::Encode(PyObject* object,
                                              HandleFields& handle,
                                              CodecError& error) {
  try {
    const auto proxy = py::reinterpret_borrow<py::object>(object);
    if (IsInstance(object, hooks_.remote_object)) {
      return Take(proxy.attr(hooks_.handle_name), proxy, handle, error);
    }
    if (IsInstance(object, hooks_.named_proxy)) {
      return Take(hooks_.resolve(proxy), proxy, handle, error);
    }
    if (IsLargeBuffer(object)) return TakeCopy(object, object, handle, error);
    return Answer::kNotAHandle;
  } catch (py::error_already_set& raised) {
    raised.restore();
    error.Python();
    return Answer::kFailed;
  }
}

HandleEncoder::Answer ArgumentProxies::Take(const py::object& owner,
                                            const py::object& proxy,
                                            HandleFields& handle,
                                            CodecError& error) {
  const auto held = owner.cast<std::shared_ptr<Handle>>();
  if (!held->IsOf(session_)) {
    if (!held->IsStale()) {
      CheckCanPut();
      const auto copied = copies_.find(proxy.ptr());
      // Raises for what can't be copied.
      const py::object value =
          copied == copies_.end() ? hooks_.copy_of_foreign(proxy) : py::none();
      return TakeCopy(proxy.ptr(), value.ptr(), handle, error);
    }
    error.kind = CodecError::Kind::kHandle;
    error.reason = "HANDLE_EXPIRED";
    error.message = "the worker that held this object is gone";
    error.handle = held->fields().id;
    error.epoch = held->fields().epoch;
    return Answer::kFailed;
  }
  // The rest is for readers; the worker needs the name only.
  handle.id = held->fields().id;
  handle.epoch = held->fields().epoch;
  return Answer::kHandle;
}

HandleEncoder::Answer ArgumentProxies::TakeCopy(PyObject* original,
                                                PyObject* value,
                                                HandleFields& handle,
                                                CodecError& error) {
  auto copied = copies_.find(original);
  if (copied == copies_.end()) {
    CheckCanPut();
    const std::unique_ptr<ValueStream> stream = ValueStream::Open(
        value, ValueStream::Mode::kArgument, ValueLimits(), this, error);
    if (stream == nullptr) return Answer::kFailed;
    copied = copies_.emplace(original, Put(*stream)).first;
  }
  const py::object& proxy = copied->second;
  return Take(proxy.attr(hooks_.handle_name), proxy, handle, error);
}

}  // namespace envknit::native
