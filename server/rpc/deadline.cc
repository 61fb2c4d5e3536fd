#include "server/rpc/deadline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

constexpr absl::Duration kReplyMargin = absl::Milliseconds(10);

}  // namespace

absl::StatusOr<CallDeadline> EffectiveDeadline(
    absl::Time now, absl::optional<absl::Duration> timeout,
    absl::Time rpc_deadline, const DeadlineLimits& limits) {
  if (timeout.has_value() && *timeout < absl::ZeroDuration()) {
    return MakeError(
        ErrorReason::kInvalidRequest,
        absl::StrCat("timeout is negative: ", absl::FormatDuration(*timeout)),
        {{"field", "timeout"}});
  }
  absl::Duration left = limits.default_timeout;
  if (timeout.has_value()) {
    left = *timeout;
  } else if (rpc_deadline != absl::InfiniteFuture()) {
    // A caller that sets only gRPC's deadline has said how long it waits.
    left = limits.max_timeout;
  }
  left = std::min(left, limits.max_timeout);
  left = std::min(left, rpc_deadline - kReplyMargin - now);
  if (left <= absl::ZeroDuration()) {
    return MakeError(ErrorReason::kDeadlineExpiredQueued,
                     "the deadline had passed when the call arrived",
                     {{"timeout_ms", "0"}});
  }
  return CallDeadline{now + left, left};
}

absl::StatusOr<absl::Duration> EffectiveStartTimeout(
    absl::optional<absl::Duration> start_timeout,
    const DeadlineLimits& limits) {
  const absl::Duration asked =
      start_timeout.value_or(limits.default_start_timeout);
  if (asked <= absl::ZeroDuration()) {
    return MakeError(ErrorReason::kInvalidRequest,
                     absl::StrCat("start_timeout must be positive, not ",
                                  absl::FormatDuration(asked)),
                     {{"field", "start_timeout"}});
  }
  return std::min(asked, limits.max_start_timeout);
}

}  // namespace envknit
