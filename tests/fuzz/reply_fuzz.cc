#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "python_client/native/attach_frames.h"
#include "python_client/native/late_reply.h"
#include "python_client/native/status_reader.h"
#include "python_client/native/type_ledger.h"
#include "tests/fuzz/fuzz_check.h"

// What the Python client reads of a server's bytes without the interpreter.
namespace envknit::native {
namespace {

void CheckInside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  const std::less_equal<const char*> before;
  FuzzCheck(before(whole.data(), part.data()) &&
                before(part.data() + part.size(), whole.data() + whole.size()),
            "what was read lies inside the message");
}

void Run(std::string_view input) {
  AttachReply reply;
  if (ParseReply(input, &reply)) {
    CheckInside(reply.payload, input);
    CheckInside(reply.info, input);
    static_cast<void>(ParseHelloLimit(reply.payload));
    static_cast<void>(ReadStatus(reply.payload));
    TypeLedger types;
    types.Open(1);
    types.Note(1, AttachMethod::kCall, reply);
    FuzzCheck(types.Find(1, 1, 1).size() <= input.size(),
              "a type is no longer than its message");
  }
  for (const AttachMethod method : {AttachMethod::kCall, AttachMethod::kNext}) {
    const auto handles = ReadLateHandles(1, input, method);
    FuzzCheck(handles.size() <= input.size(),
              "a list is no longer than its message");
    for (const auto& handle : handles) {
      FuzzCheck(handle->session_number == 1, "a handle is of its session");
    }
  }
}

}  // namespace
}  // namespace envknit::native

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  envknit::native::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
