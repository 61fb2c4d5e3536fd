#include "server/worker/start_error.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/base/annotated_status.h"
#include "server/frame/worker_signals.h"
#include "server/process/exit_status.h"
#include "server/worker/bounded_text.h"

namespace envknit {
namespace {

// Of stderr in a message that travels in HTTP/2 trailers (8 KiB for all).
constexpr std::size_t kTailInMessage = 1024;

absl::Status WithTail(ErrorReason reason, std::string message,
                      const std::string& tail, ErrorMetadata metadata) {
  const std::string end =
      BoundedTail(absl::StripTrailingAsciiWhitespace(tail), kTailInMessage);
  if (!end.empty()) {
    absl::StrAppend(&message, "; its stderr ends with:\n", end);
    metadata.emplace("stderr", end);
  }
  return MakeError(reason, message, std::move(metadata));
}

std::string WorkerOf(const Environment& environment) {
  return absl::StrCat("a worker of environment '", environment.name, "'");
}

}  // namespace

absl::Status NoRuntimeFor(const Interpreter& python) {
  return MakeError(ErrorReason::kRuntimeNotAvailable,
                   absl::StrCat("no worker runtime for Python ", python.version,
                                " (", python.path, ")"),
                   {{"python", python.version}});
}

absl::Status SpawnError(const Environment& environment,
                        const absl::Status& cause) {
  const std::string& python = environment.interpreter.path;
  // No file, no right, no executable format.
  if (absl::IsNotFound(cause) || absl::IsPermissionDenied(cause) ||
      absl::IsInvalidArgument(cause) || absl::IsFailedPrecondition(cause)) {
    return MakeError(ErrorReason::kInterpreterNotFound,
                     absl::StrCat(WorkerOf(environment),
                                  " could not be started: ", cause.message()),
                     {{"wanted", python}, {"looked", python}});
  }
  return MakeError(ErrorReason::kWorkerUnavailable,
                   absl::StrCat(WorkerOf(environment),
                                " could not be started: ", cause.message()),
                   {{"environment", environment.name}});
}

absl::Status ExitedWhileStarting(const Environment& environment,
                                 const WorkerExit& exit) {
  const Interpreter& python = environment.interpreter;
  if (exit.exit_code == kNoRuntimeExitCode) {
    return WithTail(
        ErrorReason::kRuntimeNotAvailable,
        absl::StrCat(python.path, " (Python ", python.version,
                     ") can't load the worker runtime ", python.runtime_path),
        exit.stderr_tail, {{"python", python.version}});
  }
  ErrorMetadata metadata = {{"environment", environment.name}};
  if (exit.exit_code.has_value()) {
    metadata.emplace("exit_code", absl::StrCat(*exit.exit_code));
  }
  if (exit.signal.has_value()) {
    metadata.emplace("signal", absl::StrCat(*exit.signal));
  }
  std::string why = DescribeExit({exit.exit_code, exit.signal});
  if (exit.protocol_error.has_value()) why = *exit.protocol_error;
  return WithTail(
      ErrorReason::kWorkerUnavailable,
      absl::StrCat(WorkerOf(environment), " ended while starting: ", why),
      exit.stderr_tail, std::move(metadata));
}

absl::Status StartTimedOut(const Environment& environment, const char* frame,
                           absl::Duration waited,
                           const std::string& stderr_tail) {
  return WithTail(
      ErrorReason::kWorkerUnavailable,
      absl::StrCat(
          WorkerOf(environment), " sent no ", frame, " within ",
          absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1)))),
      stderr_tail, {{"environment", environment.name}});
}

}  // namespace envknit
