#ifndef ENVKNIT_SERVER_RPC_DEADLINE_H_
#define ENVKNIT_SERVER_RPC_DEADLINE_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace envknit {

struct DeadlineLimits {
  // For requests that name no timeout.
  absl::Duration default_timeout = absl::Seconds(30);
  // No call may take longer, whatever it asks for.
  absl::Duration max_timeout = absl::Hours(24);
  absl::Duration default_start_timeout = absl::Seconds(60);
  absl::Duration max_start_timeout = absl::Minutes(10);
};

struct CallDeadline {
  absl::Time deadline;
  // The same as a length from the arrival, for error texts.
  absl::Duration timeout;
};

// The time a call really has: the smallest of what its request says (the
// default if nothing), what the RPC's own deadline leaves less 10 ms (so that
// our error arrives before gRPC's bare one), and the server's maximum.
// `rpc_deadline` is InfiniteFuture when there is none.
// INVALID_REQUEST {field} for a negative timeout; DEADLINE_EXPIRED_QUEUED
// {timeout_ms} when no time is left.
absl::StatusOr<CallDeadline> EffectiveDeadline(
    absl::Time now, absl::optional<absl::Duration> timeout,
    absl::Time rpc_deadline, const DeadlineLimits& limits);

// How long a worker may take to start: the request's or the default, at most
// the maximum. INVALID_REQUEST {field} unless positive.
absl::StatusOr<absl::Duration> EffectiveStartTimeout(
    absl::optional<absl::Duration> start_timeout, const DeadlineLimits& limits);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_DEADLINE_H_
