#include "server/worker/handshake.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"

namespace envknit {

Handshake::Handshake(ConfigureMessage configure, int pid)
    : configure_(std::move(configure)), pid_(pid) {}

absl::StatusOr<Handshake::Step> Handshake::OnFrame(const Frame& frame) {
  switch (frame.header.kind) {
    case FrameKind::kHello:
      if (!hello_seen_) return OnHello(frame);
      break;
    case FrameKind::kReady:
      if (hello_seen_) return Step::kReady;
      break;
    case FrameKind::kStartFailed:
      return ParseFailure(frame.payload);
    default:
      break;
  }
  return MakeError(
      ErrorReason::kWorkerUnavailable,
      absl::StrCat("the worker broke the frame contract while starting: ",
                   std::string(FrameKindName(frame.header.kind)),
                   " came instead of ", WaitsFor()));
}

absl::StatusOr<Handshake::Step> Handshake::OnHello(const Frame& frame) {
  const absl::optional<HelloMessage> hello = ParseHello(frame.payload);
  if (!hello.has_value() || hello->pid != pid_) {
    return MakeError(
        ErrorReason::kWorkerUnavailable,
        absl::StrCat("the worker broke the frame contract while starting: ",
                     hello.has_value() ? "its HELLO has a foreign pid"
                                       : "its HELLO can't be read"));
  }
  if (hello->protocol != kFrameVersion) {
    return MakeError(
        ErrorReason::kRuntimeNotAvailable,
        absl::StrCat("the worker runtime for Python ", hello->python,
                     " speaks version ", hello->protocol,
                     " of the frame contract, this daemon ", kFrameVersion,
                     "; install both from one release"),
        {{"python", hello->python}});
  }
  hello_seen_ = true;
  python_ = hello->python;
  return Step::kConfigure;
}

}  // namespace envknit
