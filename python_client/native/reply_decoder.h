// Values of replies as Python objects and proxies.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_DECODER_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_DECODER_H_

#include <pybind11/pybind11.h>

#include <string_view>

#include "server/pyvalue/hooks.h"
#include "server/pyvalue/tensor_decoders.h"
#include "server/pyvalue/value_decoder.h"

namespace envknit::native {

class Session;

// The codec's decoder with a session's proxies behind it. Used by one thread at
// a time, with the GIL; owned by the session, which outlives every use.
class ReplyDecoder final : public HandleDecoder {
 public:
  explicit ReplyDecoder(Session* session)
      : session_(session), decoder_(ValueLimits(), this, &tensors_) {}

  // Throws ValueError for malformed bytes.
  pybind11::object Decode(std::string_view value,
                          const pybind11::object& context);

 private:
  PyObject* Decode(const HandleFields& handle, CodecError& error) override;
  bool WantsItems() const override { return true; }
  PyObject* DecodeWithItems(const HandleFields& handle, PyObject* items,
                            CodecError& error) override;

  Session* const session_;
  NumpyTensorDecoder tensors_;
  ValueDecoder decoder_;
  // During Decode.
  const pybind11::object* context_ = nullptr;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_DECODER_H_
