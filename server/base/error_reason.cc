#include "server/base/error_reason.h"

#include <array>
#include <cstddef>

namespace envknit {
namespace {

struct Row {
  ErrorReason reason;
  absl::string_view name;
  absl::StatusCode code;
};

// In the order of the enum: a reason is its row's index.
constexpr std::array<Row, 26> kRows = {{
    {ErrorReason::kDeadlineExpiredQueued, "DEADLINE_EXPIRED_QUEUED",
     absl::StatusCode::kDeadlineExceeded},
    {ErrorReason::kDeadlineExpiredRunning, "DEADLINE_EXPIRED_RUNNING",
     absl::StatusCode::kDeadlineExceeded},
    {ErrorReason::kWorkerUnavailable, "WORKER_UNAVAILABLE",
     absl::StatusCode::kUnavailable},
    {ErrorReason::kWorkerCrashed, "WORKER_CRASHED", absl::StatusCode::kAborted},
    {ErrorReason::kWorkerOom, "WORKER_OOM",
     absl::StatusCode::kResourceExhausted},
    {ErrorReason::kPoolExhausted, "POOL_EXHAUSTED",
     absl::StatusCode::kResourceExhausted},
    {ErrorReason::kQuotaExceeded, "QUOTA_EXCEEDED",
     absl::StatusCode::kResourceExhausted},
    {ErrorReason::kEnvNotFound, "ENV_NOT_FOUND", absl::StatusCode::kNotFound},
    {ErrorReason::kPackageNotLocked, "PACKAGE_NOT_LOCKED",
     absl::StatusCode::kNotFound},
    {ErrorReason::kEnvNotInstalled, "ENV_NOT_INSTALLED",
     absl::StatusCode::kFailedPrecondition},
    {ErrorReason::kInterpreterNotFound, "INTERPRETER_NOT_FOUND",
     absl::StatusCode::kFailedPrecondition},
    {ErrorReason::kRuntimeNotAvailable, "RUNTIME_NOT_AVAILABLE",
     absl::StatusCode::kFailedPrecondition},
    {ErrorReason::kHandleExpired, "HANDLE_EXPIRED",
     absl::StatusCode::kFailedPrecondition},
    {ErrorReason::kCrossWorker, "CROSS_WORKER",
     absl::StatusCode::kFailedPrecondition},
    {ErrorReason::kModuleDenied, "MODULE_DENIED",
     absl::StatusCode::kPermissionDenied},
    {ErrorReason::kAttributeDenied, "ATTRIBUTE_DENIED",
     absl::StatusCode::kPermissionDenied},
    {ErrorReason::kInvalidRequest, "INVALID_REQUEST",
     absl::StatusCode::kInvalidArgument},
    {ErrorReason::kNotByValue, "NOT_BY_VALUE",
     absl::StatusCode::kInvalidArgument},
    {ErrorReason::kLimitExceeded, "LIMIT_EXCEEDED",
     absl::StatusCode::kResourceExhausted},
    {ErrorReason::kInlineDenied, "INLINE_DENIED",
     absl::StatusCode::kPermissionDenied},
    {ErrorReason::kUnauthenticated, "UNAUTHENTICATED",
     absl::StatusCode::kUnauthenticated},
    {ErrorReason::kCextIncompatible, "CEXT_INCOMPATIBLE",
     absl::StatusCode::kFailedPrecondition},
    {ErrorReason::kDraining, "DRAINING", absl::StatusCode::kUnavailable},
    {ErrorReason::kSessionNotFound, "SESSION_NOT_FOUND",
     absl::StatusCode::kNotFound},
    {ErrorReason::kCancelled, "CANCELLED", absl::StatusCode::kCancelled},
    {ErrorReason::kInternal, "INTERNAL", absl::StatusCode::kInternal},
}};

constexpr std::array<ErrorReason, kRows.size()> MakeReasons() {
  std::array<ErrorReason, kRows.size()> reasons{};
  for (std::size_t i = 0; i < kRows.size(); ++i) reasons[i] = kRows[i].reason;
  return reasons;
}
constexpr std::array<ErrorReason, kRows.size()> kReasons = MakeReasons();

constexpr bool RowsFollowTheEnum() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return true;
}
static_assert(RowsFollowTheEnum());
static_assert(static_cast<std::size_t>(ErrorReason::kInternal) + 1 ==
              kRows.size());

const Row& RowOf(ErrorReason reason) {
  return kRows[static_cast<std::size_t>(reason)];
}

}  // namespace

absl::string_view ErrorReasonName(ErrorReason reason) {
  return RowOf(reason).name;
}

absl::StatusCode ErrorReasonCode(ErrorReason reason) {
  return RowOf(reason).code;
}

absl::optional<ErrorReason> ParseErrorReason(absl::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.reason;
  }
  return absl::nullopt;
}

absl::Span<const ErrorReason> AllErrorReasons() { return kReasons; }

}  // namespace envknit
