#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/json_value.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"
#include "tests/fuzz/embedded_python.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/wire_content.h"

// google.protobuf.ListValue and Struct: what is read, written and read again is
// written the same.
namespace envknit {
namespace {

using Decoder = PyObject* (*)(std::string_view, const ValueLimits&,
                              CodecError&);

// Fields of google.protobuf.Value.
constexpr uint32_t kStruct = 5;
constexpr uint32_t kList = 6;

std::string Encoded(PyObject* object) {
  ByteWriter out;
  CodecError error;
  if (!EncodeJson(out, 1, object, ValueLimits(), error)) {
    FuzzCheck(out.size() == 0, "a refusal leaves no bytes");
    // NaN and infinities, which a message can hold and JSON can't.
    FuzzCheck(error.kind == CodecError::Kind::kNotByValue,
              "what JSON gave is refused as no JSON only");
    return {};
  }
  return std::string(out.view());
}

void RoundTrip(std::string_view input, Decoder decode, uint32_t kind) {
  CodecError error;
  const PyRef object = PyRef::Steal(decode(input, ValueLimits(), error));
  if (!object) {
    FuzzCheck(error.kind == CodecError::Kind::kMalformed ||
                  error.kind == CodecError::Kind::kOverLimit,
              "bad bytes are malformed or over a limit");
    FuzzCheck(PyErr_Occurred() == nullptr, "a refusal leaves no exception");
    return;
  }
  const std::string first = Encoded(object.get());
  if (first.empty()) return;
  const std::string_view inner = ContentOf(ContentOf(first, 1), kind);
  const PyRef again = PyRef::Steal(decode(inner, ValueLimits(), error));
  FuzzCheck(static_cast<bool>(again), "what was written is read");
  FuzzCheck(Encoded(again.get()) == first, "it is written the same again");
}

}  // namespace
}  // namespace envknit

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  envknit::StartPython();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  envknit::RoundTrip(input, envknit::DecodeJsonList, envknit::kList);
  envknit::RoundTrip(input, envknit::DecodeJsonStruct, envknit::kStruct);
  return 0;
}
