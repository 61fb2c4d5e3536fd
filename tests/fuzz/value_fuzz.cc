#include <Python.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/tensor_decoders.h"
#include "server/pyvalue/value_decoder.h"
#include "server/pyvalue/value_encoder.h"
#include "tests/fuzz/embedded_python.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/stand_in_handles.h"
#include "tests/fuzz/wire_content.h"

// envknit.v1.Value from bytes that may be anything: refused with a reason, or
// read, and then what is written of it is read again and written the same.
namespace envknit {
namespace {

// Small enough to be reached by small inputs.
constexpr ValueLimits kLimits{.depth = 12,
                              .elements = 1000,
                              .auto_bytes = std::size_t{1} << 18,
                              .message_bytes = std::size_t{1} << 20};

enum class Form { kArgument, kAuto };

class Codec final {
 public:
  // nullptr: `error` says why.
  PyRef Decode(std::string_view bytes, CodecError& error) {
    decoder_.BeginMessage();
    PyRef object = PyRef::Steal(decoder_.Decode(bytes, error));
    FuzzCheck(object || error.kind != CodecError::Kind::kNone,
              "a refusal says why");
    if (error.kind == CodecError::Kind::kPython) {
      FuzzCheck(PyErr_Occurred() != nullptr, "a Python error has an exception");
      FuzzCheck(PyErr_ExceptionMatches(PyExc_Exception) != 0,
                "it is an ordinary one");
      PyErr_Clear();
    }
    FuzzCheck(PyErr_Occurred() == nullptr, "no exception is left behind");
    return object;
  }

  // The message, or nothing if it is refused.
  std::string Encode(PyObject* object, Form form) {
    StandInHandles own(form == Form::kAuto);
    ValueEncoder encoder(kLimits, &own);
    ByteWriter out;
    CodecError error;
    encoder.BeginMessage();
    const bool done = form == Form::kAuto
                          ? encoder.EncodeAuto(out, 1, object, error)
                          : encoder.EncodeArgument(out, 1, object, error);
    if (!done) {
      FuzzCheck(out.size() == 0, "a refusal leaves no bytes");
      FuzzCheck(error.kind != CodecError::Kind::kNone, "a refusal says why");
      PyErr_Clear();
      return {};
    }
    FuzzCheck(PyErr_Occurred() == nullptr, "no exception is left behind");
    return std::string(ContentOf(out.view(), 1));
  }

 private:
  StandInHandles handles_{false};
  MemoryviewTensorDecoder tensors_;
  ValueDecoder decoder_{kLimits, &handles_, &tensors_};
};

// Sets have no order of their own.
std::string Unordered(std::string bytes) {
  std::sort(bytes.begin(), bytes.end());
  return bytes;
}

void RoundTrip(Codec& codec, PyObject* object, Form form) {
  const std::string first = codec.Encode(object, form);
  if (first.empty()) {
    FuzzCheck(form == Form::kArgument, "AUTO refuses nothing");
    return;
  }
  CodecError error;
  const PyRef again = codec.Decode(first, error);
  FuzzCheck(static_cast<bool>(again), "what was written is read");
  const std::string second = codec.Encode(again.get(), form);
  if (form == Form::kArgument) {
    FuzzCheck(Unordered(second) == Unordered(first),
              "it is written the same again");
  }
}

void Run(std::string_view input) {
  static auto& codec = *new Codec;
  CodecError error;
  const PyRef object = codec.Decode(input, error);
  if (!object) return;
  RoundTrip(codec, object.get(), Form::kArgument);
  RoundTrip(codec, object.get(), Form::kAuto);
}

}  // namespace
}  // namespace envknit

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  envknit::StartPython();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  envknit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
