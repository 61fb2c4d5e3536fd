// All pools of a daemon, by environment and isolation kind, and all its
// sessions by name.
#ifndef ENVKNIT_SERVER_POOL_POOL_REGISTRY_H_
#define ENVKNIT_SERVER_POOL_POOL_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "envknit/call.h"
#include "envknit/clock.h"
#include "envknit/environment.h"
#include "envknit/worker.h"
#include "server/base/log.h"
#include "server/pool/pool_options.h"
#include "server/pool/session.h"
#include "server/pool/session_snapshot.h"
#include "server/pool/worker_snapshot.h"

namespace envknit {

// Decides under its locks, acts outside them. The one that Create() makes runs
// in a process whatever is left to it to choose (ProbingPoolRegistry chooses).
// Thread-safe.
class PoolRegistry {
 public:
  // `factories` by kind; all pointers must outlive the registry. `instance_tag`
  // fills the upper half of every epoch.
  static std::unique_ptr<PoolRegistry> Create(
      PoolOptions options, uint32_t instance_tag,
      std::map<IsolationKind, WorkerFactory*> factories, const Clock* clock,
      Timers* timers, Logger* logger);

  virtual ~PoolRegistry() = default;

  // Leases a worker; starting it may go on after the return
  // (Session::WhenReady). POOL_EXHAUSTED at once when no worker can come free;
  // RUNTIME_NOT_AVAILABLE when there is no factory of that kind.
  virtual absl::StatusOr<std::shared_ptr<Session>> OpenSession(
      SessionSpec spec) = 0;

  // The session of that name and identity; SESSION_NOT_FOUND.
  virtual absl::StatusOr<std::shared_ptr<Session>> FindSession(
      absl::string_view name, const Identity& identity) = 0;

  // Runs a call without a session, on an idle worker that is fresh or of the
  // same identity, else on a new one, else queued. If its reply gives handles
  // away, a session is opened for them (CallResult::implicit_session).
  virtual std::shared_ptr<CallHandle> Call(
      std::shared_ptr<const Environment> environment,
      IsolationRequest isolation, const Identity& identity, CallSpec call,
      CallDone done) = 0;

  // True if a worker of that epoch lives.
  virtual bool EpochIsAlive(Epoch epoch) const = 0;

  // In the order they were started.
  virtual std::vector<WorkerSnapshot> ListWorkers() const = 0;

  // In the order they were opened.
  virtual std::vector<SessionSnapshot> ListSessions() const = 0;

  // Answered calls by kind, since the start.
  virtual std::map<CallKind, uint64_t> CallCounts() const = 0;

  // Refuses new work with DRAINING, cancels what runs, ends all workers; calls
  // `done` when the last one is reaped.
  virtual void Shutdown(std::function<void()> done) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_REGISTRY_H_
