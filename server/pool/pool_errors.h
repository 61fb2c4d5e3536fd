#ifndef ENVKNIT_SERVER_POOL_POOL_ERRORS_H_
#define ENVKNIT_SERVER_POOL_POOL_ERRORS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "envknit/call.h"
#include "envknit/worker.h"

// The errors that a pool makes, each with its reason and metadata, so that
// their texts stand in one place.
namespace envknit {

// The call's time was up before a worker saw it.
absl::Status DeadlineExpiredQueued(const CallSpec& call);

// The call's time was up while it ran.
absl::Status DeadlineExpiredRunning(const CallSpec& call);

absl::Status CallCancelled(const CallSpec& call);

// The session was closed before its worker was up.
absl::Status SessionClosed();

// The worker died while it ran the call; or another interpreter of its process
// took it down.
absl::Status WorkerCrashed(const CallSpec& call, const WorkerInfo& worker,
                           const WorkerExit& exit);

// No worker started the call: `why` completes "… was not started: ".
absl::Status CallNotStarted(const CallSpec& call, absl::string_view why);

// No worker can be leased in time.
absl::Status NoWorkerFree(int max_workers);

// The pool's queue is full; `name` says what of, such as "queue_calls".
absl::Status QueueFull(absl::string_view name, int64_t limit);

absl::Status TooManyCallsInFlight(int limit);

// `module` can't be loaded in a sub-interpreter.
absl::Status CextIncompatible(absl::string_view module, absl::string_view why);

absl::Status SessionNotFound(absl::string_view name);

absl::Status Draining();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_ERRORS_H_
