// A client's lease on one worker, as the RPC layer sees it.
#ifndef ENVKNIT_SERVER_POOL_SESSION_H_
#define ENVKNIT_SERVER_POOL_SESSION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "envknit/call.h"
#include "envknit/environment.h"
#include "envknit/worker.h"

namespace envknit {

struct SessionSpec {
  std::shared_ptr<const Environment> environment;
  IsolationKind isolation = IsolationKind::kProcess;
  // `isolation` is yet to be chosen, and is when the session is ready.
  bool choose_isolation = false;
  // Why it is what it is, if it was chosen.
  std::string isolation_reason;
  Identity identity;
  // Whether the worker may have served earlier sessions of the same identity.
  bool may_reuse_worker = false;
  absl::Duration start_timeout;
  // True for a session that lives as long as its stream; false for one that
  // ends 60 s after its last call.
  bool attached = false;
  std::map<std::string, std::string> labels;
};

// Owned by the PoolRegistry until closed, and shared with whoever holds it.
// Thread-safe; no method blocks.
class Session {
 public:
  virtual ~Session() = default;

  // Unguessable; what clients call it.
  virtual const std::string& name() const = 0;
  virtual const SessionSpec& spec() const = 0;

  // Calls `ready` once, when a worker was leased and started (its info), or
  // could not be (the error). Calls submitted before wait for the same, and
  // fail with the same error.
  virtual void WhenReady(
      std::function<void(absl::StatusOr<WorkerInfo>)> ready) = 0;

  // Runs a call after those submitted before. After a worker's death the next
  // call starts a fresh worker and replays the session's imports first.
  virtual std::shared_ptr<CallHandle> Submit(CallSpec call, CallDone done) = 0;

  // Cancels the running or queued call the client calls so; nothing if there is
  // none.
  virtual void Cancel(uint32_t carrier, uint64_t client_call_id) = 0;

  // Releases handles of a reply that can't be delivered.
  virtual void Undelivered(Epoch epoch, uint64_t first_handle,
                           uint32_t handle_count) = 0;

  // Ends the lease: running calls are cancelled, queued ones fail with
  // CANCELLED. Idempotent.
  virtual void Close() = 0;

  // The same after `grace`, whatever comes meanwhile: its stream is gone.
  virtual void CloseAfter(absl::Duration grace) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_SESSION_H_
