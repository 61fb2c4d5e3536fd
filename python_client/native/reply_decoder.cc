#include "python_client/native/reply_decoder.h"

#include "python_client/native/session.h"

namespace py = pybind11;

namespace envknit::native {

py::object ReplyDecoder::Decode(std::string_view value,
                                const py::object& context) {
  context_ = &context;
  decoder_.BeginMessage();
  CodecError error;
  PyObject* object = decoder_.Decode(value, error);
  context_ = nullptr;
  if (object == nullptr) {
    RaiseCodecError(error);
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(object);
}

PyObject* ReplyDecoder::Decode(const HandleFields& handle, CodecError& error) {
  return DecodeWithItems(handle, nullptr, error);
}

PyObject* ReplyDecoder::DecodeWithItems(const HandleFields& handle,
                                        PyObject* items, CodecError& error) {
  try {
    return session_->MakeProxy(handle, items, *context_).release().ptr();
  } catch (py::error_already_set& raised) {
    raised.restore();
    error.Python();
    return nullptr;
  }
}

}  // namespace envknit::native
