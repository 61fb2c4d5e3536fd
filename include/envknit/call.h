// What the RPC layer asks of the pools, and what it gets back.
#ifndef ENVKNIT_CALL_H_
#define ENVKNIT_CALL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "envknit/environment.h"
#include "envknit/isolation.h"
#include "envknit/worker.h"

namespace envknit {

// Who calls: "uid:1000", "token:ci", "anonymous". A worker never goes from one
// identity to another.
using Identity = std::string;

// One call as the RPC layer hands it over. `body` is the serialized request,
// forwarded as it is.
struct CallSpec {
  CallKind kind = CallKind::kCall;
  std::string body;
  absl::Time deadline;
  // The same as a length, for error texts.
  absl::Duration timeout;
  absl::Duration start_timeout;
  bool idempotent = false;
  // The caller's own name for the call, for Cancel: 0 for none.
  uint64_t client_call_id = 0;
  uint32_t carrier = 0;
  // "module.path", for logs and notices; may be empty.
  std::string target;
};

// How a call that outlived its deadline, or was cancelled, was stopped.
struct LadderNotice {
  enum class Action { kFinished, kInterrupted, kRetired, kKilled };
  Action action = Action::kFinished;
  std::string target;
  std::string stack;
};

struct CallResult {
  // OK and `body` is the worker's serialized response; else an error with
  // reason and metadata (server/base).
  absl::Status status;
  std::string body;
  absl::Duration queued;
  absl::Duration execution;
  // Set when this reply is the first of a new epoch in its session.
  Epoch new_epoch = 0;
  // Name of the session that was opened for this call's handles; empty
  // otherwise.
  std::string implicit_session;
  // What became of earlier calls of the session that had to be stopped.
  std::vector<LadderNotice> notices;
  // The worker that ran it; epoch 0 when none did.
  WorkerInfo worker;
  // How it was isolated; null unless the choice was left to us.
  std::shared_ptr<const IsolationChoice> isolation;
  // Consecutive handle ids of `worker.epoch` that the reply gives away.
  uint64_t first_handle = 0;
  uint32_t handle_count = 0;
  // A Fetch, Put or Next that is not at its end. When it gave handles away, the
  // first names the operation in the next request.
  bool more = false;
};

// Called exactly once, from any thread, possibly before the submitting function
// returns. Must not block. The result's handles are the caller's: if it can't
// deliver them it calls Undelivered on the session.
using CallDone = std::function<void(CallResult)>;

// Stops a call that was submitted; may be called at any time, any number of
// times, also after the call ended. The call ends with CANCELLED.
class CallHandle {
 public:
  virtual ~CallHandle() = default;
  virtual void Cancel() = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_CALL_H_
