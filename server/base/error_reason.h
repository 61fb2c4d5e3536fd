#ifndef ENVKNIT_SERVER_BASE_ERROR_REASON_H_
#define ENVKNIT_SERVER_BASE_ERROR_REASON_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace envknit {

// Why a request failed for a reason that is not the user's own code. The set is
// closed and part of the API (google.rpc.ErrorInfo.reason, domain "envknit"):
// clients choose what to do by it, so a reason is never renamed or reused.
enum class ErrorReason {
  kDeadlineExpiredQueued,
  kDeadlineExpiredRunning,
  kWorkerUnavailable,
  kWorkerCrashed,
  kWorkerOom,
  kPoolExhausted,
  kQuotaExceeded,
  kEnvNotFound,
  kPackageNotLocked,
  kEnvNotInstalled,
  kInterpreterNotFound,
  kRuntimeNotAvailable,
  kHandleExpired,
  kCrossWorker,
  kModuleDenied,
  kAttributeDenied,
  kInvalidRequest,
  kNotByValue,
  kLimitExceeded,
  kInlineDenied,
  kUnauthenticated,
  kCextIncompatible,
  kDraining,
  kSessionNotFound,
  kCancelled,
  kInternal,
};

// "WORKER_CRASHED": the name on the wire.
absl::string_view ErrorReasonName(ErrorReason reason);

// The reason of that name; nullopt for a name that is not in the set.
absl::optional<ErrorReason> ParseErrorReason(absl::string_view name);

// The one status code that goes with a reason, so that no two places can
// disagree about it.
absl::StatusCode ErrorReasonCode(ErrorReason reason);

// Every reason there is, in the order of the enum.
absl::Span<const ErrorReason> AllErrorReasons();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_ERROR_REASON_H_
