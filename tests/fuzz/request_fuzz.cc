#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "server/runtime/attribute_request.h"
#include "server/runtime/call_request.h"
#include "server/runtime/code_request.h"
#include "server/runtime/next_request.h"
#include "tests/fuzz/fuzz_check.h"

// The requests that a worker reads: refused with a code and a reason, or all
// that was found lies inside the message.
namespace envknit {
namespace {

class Message final {
 public:
  explicit Message(std::string_view bytes) : bytes_(bytes) {}

  void CheckInside(std::string_view part) const {
    if (part.empty()) return;
    const std::less_equal<const char*> before;
    FuzzCheck(
        before(bytes_.data(), part.data()) &&
            before(part.data() + part.size(), bytes_.data() + bytes_.size()),
        "what was read lies inside the message");
  }

 private:
  const std::string_view bytes_;
};

void CheckTarget(const TargetView& target, const Message& message) {
  FuzzCheck(target.module.has_value() != target.handle.has_value(),
            "a target has one root");
  message.CheckInside(target.module.value_or(""));
  message.CheckInside(target.handle.value_or(""));
  message.CheckInside(target.path);
  for (const auto& step : target.steps) message.CheckInside(step.bytes);
}

void CheckFailure(const Failure& failure) {
  FuzzCheck(failure.code != StatusCode::kOk, "a refusal has a code");
  FuzzCheck(!failure.reason.empty(), "a refusal has a reason");
}

void CheckCall(std::string_view input) {
  CallRequestView view;
  if (const auto failure = ParseCallRequest(input, view)) {
    CheckFailure(*failure);
    return;
  }
  const Message message(input);
  CheckTarget(view.target, message);
  for (const std::string_view arg : view.args) message.CheckInside(arg);
  for (const auto& [name, value] : view.kwargs) {
    message.CheckInside(name);
    message.CheckInside(value);
  }
  message.CheckInside(view.json_args.value_or(""));
  message.CheckInside(view.json_kwargs.value_or(""));
}

template <typename View>
void CheckTargeted(std::string_view input,
                   std::optional<Failure> (*parse)(std::string_view, View&)) {
  View view;
  if (const auto failure = parse(input, view)) {
    CheckFailure(*failure);
  } else {
    CheckTarget(view.target, Message(input));
  }
}

void Run(std::string_view input) {
  CheckCall(input);
  CheckTargeted(input, ParseSetAttrRequest);
  CheckTargeted(input, ParseDelAttrRequest);
  CheckTargeted(input, ParseDescribeRequest);
  CheckTargeted(input, ParseNextRequest);
  std::string_view module;
  if (const auto failure = ParseImportRequest(input, module)) {
    CheckFailure(*failure);
  } else {
    Message(input).CheckInside(module);
  }
  ExecuteRequestView execute;
  if (const auto failure = ParseExecuteRequest(input, execute)) {
    CheckFailure(*failure);
  } else {
    Message(input).CheckInside(execute.code);
  }
  ReleaseView release;
  if (const auto failure = ParseReleaseRequest(input, release)) {
    CheckFailure(*failure);
  } else {
    FuzzCheck(release.ids.size() + release.ranges.size() <= input.size(),
              "a list is no longer than its message");
  }
}

}  // namespace
}  // namespace envknit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  envknit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
