#include "server/pool/pool_errors.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

// What a client may wait before it asks a full pool again: a queue moves within
// a call's time, a lease lasts longer.
constexpr absl::Duration kQueueRetryDelay = absl::Milliseconds(100);
constexpr absl::Duration kLeaseRetryDelay = absl::Seconds(1);

std::string NameOf(const CallSpec& call) {
  return call.target.empty() ? "the call" : call.target;
}

ErrorMetadata TargetMetadata(const CallSpec& call) {
  if (call.target.empty()) return {};
  return {{"target", call.target}};
}

ErrorMetadata TimeoutMetadata(const CallSpec& call) {
  ErrorMetadata metadata = TargetMetadata(call);
  metadata["timeout_ms"] =
      absl::StrCat(absl::ToInt64Milliseconds(call.timeout));
  return metadata;
}

}  // namespace

absl::Status DeadlineExpiredQueued(const CallSpec& call) {
  return MakeError(ErrorReason::kDeadlineExpiredQueued,
                   absl::StrCat(NameOf(call), " did not start within ",
                                absl::FormatDuration(call.timeout),
                                ": it waited in a queue"),
                   TimeoutMetadata(call));
}

absl::Status DeadlineExpiredRunning(const CallSpec& call) {
  return MakeError(
      ErrorReason::kDeadlineExpiredRunning,
      absl::StrCat(NameOf(call), " did not respond within ",
                   absl::FormatDuration(call.timeout), "; it is being stopped"),
      TimeoutMetadata(call));
}

absl::Status CallCancelled(const CallSpec& call) {
  return MakeError(ErrorReason::kCancelled,
                   absl::StrCat(NameOf(call), " was cancelled"),
                   TargetMetadata(call));
}

absl::Status SessionClosed() {
  return MakeError(ErrorReason::kCancelled,
                   "the session was closed before its worker was up");
}

absl::Status WorkerCrashed(const CallSpec& call, const WorkerInfo& worker,
                           const WorkerExit& exit) {
  ErrorMetadata metadata = TargetMetadata(call);
  metadata["pid"] = absl::StrCat(worker.pid);
  std::string how = "it ended";
  if (exit.signal) {
    metadata["signal"] = absl::StrCat(*exit.signal);
    how = absl::StrCat("signal ", *exit.signal);
  } else if (exit.exit_code) {
    metadata["exit_code"] = absl::StrCat(*exit.exit_code);
    how = absl::StrCat("exit code ", *exit.exit_code);
  }
  if (exit.protocol_error) {
    metadata["protocol_error"] = *exit.protocol_error;
    absl::StrAppend(
        &how, ", after it broke the frame contract: ", *exit.protocol_error);
  }
  if (!exit.stderr_tail.empty()) metadata["stderr"] = exit.stderr_tail;
  if (exit.collateral) {
    metadata["collateral"] = "true";
    return MakeError(
        ErrorReason::kWorkerCrashed,
        absl::StrCat("another interpreter of the worker's process (pid ",
                     worker.pid, ") ended it during ", NameOf(call), ": ", how,
                     "; the call did nothing wrong and may be retried"),
        std::move(metadata));
  }
  return MakeError(ErrorReason::kWorkerCrashed,
                   absl::StrCat("the worker (pid ", worker.pid,
                                ") died during ", NameOf(call), ": ", how),
                   std::move(metadata));
}

absl::Status CallNotStarted(const CallSpec& call, absl::string_view why) {
  return MakeError(ErrorReason::kWorkerUnavailable,
                   absl::StrCat(NameOf(call), " was not started: ", why),
                   TargetMetadata(call));
}

absl::Status NoWorkerFree(int max_workers) {
  return MakeRetriableError(
      ErrorReason::kPoolExhausted,
      absl::StrCat("all ", max_workers,
                   " workers of the environment are leased"),
      kLeaseRetryDelay, {{"limit", absl::StrCat(max_workers)}});
}

absl::Status QueueFull(absl::string_view name, int64_t limit) {
  return MakeRetriableError(
      ErrorReason::kPoolExhausted,
      absl::StrCat("the environment's queue is full: ", name, " = ", limit),
      kQueueRetryDelay, {{"limit", absl::StrCat(limit)}});
}

absl::Status TooManyCallsInFlight(int limit) {
  return MakeError(
      ErrorReason::kLimitExceeded,
      absl::StrCat("more than ", limit, " calls in flight in one session"),
      {{"limit", absl::StrCat(limit)}});
}

absl::Status CextIncompatible(absl::string_view module, absl::string_view why) {
  return MakeError(
      ErrorReason::kCextIncompatible,
      absl::StrCat(module, " can't be loaded in a sub-interpreter: ", why),
      {{"module", std::string(module)}, {"why", std::string(why)}});
}

absl::Status SessionNotFound(absl::string_view name) {
  return MakeError(ErrorReason::kSessionNotFound,
                   absl::StrCat("no session ", name),
                   {{"session", std::string(name)}});
}

absl::Status Draining() {
  return MakeError(ErrorReason::kDraining, "the server is shutting down");
}

}  // namespace envknit
