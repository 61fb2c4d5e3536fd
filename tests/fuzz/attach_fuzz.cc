#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "envknit/call.h"
#include "server/rpc/attach_request.h"
#include "server/rpc/routing.h"
#include "tests/fuzz/fuzz_check.h"

// What the daemon reads of a client's bytes: an AttachRequest is the same in
// one piece as in many, and a refusal is the client's fault.
namespace envknit {
namespace {

// A text for all that a request says.
std::string Description(const absl::StatusOr<AttachRequestKind>& request) {
  if (!request.ok()) {
    FuzzCheck(request.status().code() == absl::StatusCode::kInvalidArgument,
              "a bad request is an invalid argument");
    return request.status().ToString();
  }
  std::string text = std::to_string(request->index());
  const auto add = [&](uint64_t number) {
    text += ' ' + std::to_string(number);
  };
  if (const auto* call = std::get_if<AttachCallRequest>(&*request)) {
    add(call->call_id);
    add(call->session_number);
    add(static_cast<uint64_t>(call->kind));
    add(call->idempotent ? 1 : 0);
    if (call->timeout) text += absl::FormatDuration(*call->timeout);
    text += call->body;
  } else if (const auto* open = std::get_if<AttachOpenRequest>(&*request)) {
    add(open->call_id);
    add(open->session_number);
    text += open->request;
  } else if (const auto* close = std::get_if<AttachCloseRequest>(&*request)) {
    add(close->call_id);
    add(close->session_number);
  } else {
    add(std::get<AttachCancelRequest>(*request).call_id);
  }
  return text;
}

void CheckRouting(absl::string_view body) {
  for (const CallKind kind :
       {CallKind::kImport, CallKind::kGetAttr, CallKind::kCall}) {
    const absl::StatusOr<Routing> routing = ParseRouting(kind, body);
    if (routing.ok()) {
      FuzzCheck(routing->target.size() <= 256, "a target's text is short");
    } else {
      FuzzCheck(routing.status().code() == absl::StatusCode::kInvalidArgument,
                "a bad request is an invalid argument");
    }
    FuzzCheck(ParseTarget(kind, body).size() <= 256,
              "a target's text is short");
  }
}

void Run(absl::string_view input) {
  if (input.empty()) return;
  const std::size_t piece = static_cast<unsigned char>(input[0]) % 16U + 1;
  input.remove_prefix(1);
  std::vector<absl::string_view> pieces;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    pieces.push_back(input.substr(at, piece));
  }
  const auto whole = ParseAttachRequest({&input, 1});
  FuzzCheck(Description(whole) == Description(ParseAttachRequest(pieces)),
            "a request in pieces is the same as whole");
  CheckRouting(input);
  if (!whole.ok()) return;
  const auto* call = std::get_if<AttachCallRequest>(&*whole);
  if (call != nullptr) CheckRouting(call->body);
}

}  // namespace
}  // namespace envknit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  envknit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
