#ifndef ENVKNIT_SERVER_POOL_WORKER_POOL_H_
#define ENVKNIT_SERVER_POOL_WORKER_POOL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "envknit/call.h"
#include "envknit/clock.h"
#include "envknit/environment.h"
#include "envknit/worker.h"
#include "server/base/log.h"
#include "server/pool/epoch_ledger.h"
#include "server/pool/leased_session.h"
#include "server/pool/pool_state.h"
#include "server/pool/session_directory.h"
#include "server/pool/worker_slot.h"

namespace envknit {

// The workers of one environment and one isolation kind: PoolState with a lock
// around it and hands to act with. Owned by the registry, its sessions and the
// handles of its calls. Thread-safe; no method blocks.
//
// Events are decided under the lock; what they decide goes to an outbox, which
// is emptied outside the lock by the thread that finds nobody doing so. So
// actions run in the order they were decided, no lock is held while foreign
// code runs, and a call on an idle worker is sent by the thread that submitted
// it, a reply delivered by the thread that read it.
class WorkerPool final : public std::enable_shared_from_this<WorkerPool> {
 public:
  // What a pool stands on; what is not shared is borrowed and outlives it.
  struct Parts {
    std::shared_ptr<const Environment> environment;
    IsolationKind isolation = IsolationKind::kProcess;
    WorkerFactory* factory = nullptr;
    const Clock* clock = nullptr;
    Timers* timers = nullptr;
    Logger* logger = nullptr;
    std::shared_ptr<EpochLedger> epochs;
    std::shared_ptr<SessionDirectory> directory;
  };

  static std::shared_ptr<WorkerPool> Create(const PoolOptions& options,
                                            Parts parts);

  // As PoolRegistry's.
  absl::StatusOr<std::shared_ptr<Session>> OpenSession(SessionSpec spec)
      ABSL_LOCKS_EXCLUDED(mu_);
  std::shared_ptr<CallHandle> Call(const Identity& identity, CallSpec spec,
                                   CallDone done) ABSL_LOCKS_EXCLUDED(mu_);
  void AppendWorkers(std::vector<WorkerSnapshot>* out) const
      ABSL_LOCKS_EXCLUDED(mu_);
  void AppendSessions(std::vector<SessionSnapshot>* out) const
      ABSL_LOCKS_EXCLUDED(mu_);
  void AddCallCounts(std::map<CallKind, uint64_t>* out) const
      ABSL_LOCKS_EXCLUDED(mu_);
  void Shutdown(std::function<void()> done) ABSL_LOCKS_EXCLUDED(mu_);

  // Completes all calls, kills all workers without waiting for their end.
  void Abandon() ABSL_LOCKS_EXCLUDED(mu_);

  // As Session's.
  std::shared_ptr<CallHandle> Submit(SessionNumber session,
                                     absl::string_view session_name,
                                     CallSpec spec, CallDone done)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CancelByClient(SessionNumber session, uint32_t carrier,
                      uint64_t client_call_id) ABSL_LOCKS_EXCLUDED(mu_);
  void Undelivered(SessionNumber session, Epoch epoch, uint64_t first_handle,
                   uint32_t handle_count) ABSL_LOCKS_EXCLUDED(mu_);
  void CloseSession(SessionNumber session) ABSL_LOCKS_EXCLUDED(mu_);
  void CloseSessionAfter(SessionNumber session, absl::Duration grace)
      ABSL_LOCKS_EXCLUDED(mu_);

  void CancelCall(CallNumber call) ABSL_LOCKS_EXCLUDED(mu_);

  // From the workers.
  void OnStarted(Epoch epoch, absl::StatusOr<std::unique_ptr<Worker>> worker)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnReply(Epoch epoch, WorkerReply reply) ABSL_LOCKS_EXCLUDED(mu_);
  void OnExit(Epoch epoch, const WorkerExit& exit) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // An action with what it needs, found while the lock was held.
  struct Item {
    Action action;
    std::shared_ptr<WorkerSlot> slot;
    std::shared_ptr<LeasedSession> session;
  };
  class Turn;
  class Doer;

  WorkerPool(const PoolOptions& options, Parts parts);

  void OnTimer() ABSL_LOCKS_EXCLUDED(mu_);
  CallProgress Progress(Epoch epoch, CallId id) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint64_t HandlesHeldBy(Epoch epoch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<WorkerSlot> FindSlot(Epoch epoch) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<LeasedSession> FindSession(SessionNumber number) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<LeasedSession> AddSession(SessionNumber number,
                                            SessionSpec spec)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Moves the decided actions to the outbox. The result is what the caller has
  // to run, empty if there is nothing or another thread is at it.
  std::vector<Item> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Prepare(Item* item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Runs the batch, and all that comes to the outbox meanwhile.
  void Run(std::vector<Item> batch) ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  const Parts parts_;

  mutable absl::Mutex mu_;
  PoolState state_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<Epoch, std::shared_ptr<WorkerSlot>> slots_
      ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<SessionNumber, std::shared_ptr<LeasedSession>> sessions_
      ABSL_GUARDED_BY(mu_);
  std::vector<std::function<void()>> when_empty_ ABSL_GUARDED_BY(mu_);
  bool empty_ ABSL_GUARDED_BY(mu_) = false;

  std::vector<Item> outbox_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  // Kept for their memory: what a batch of actions needs is allocated once.
  std::vector<Item> spare_items_ ABSL_GUARDED_BY(mu_);
  std::vector<Action> decided_ ABSL_GUARDED_BY(mu_);
  // The timer that is set, 0 for none; only whoever drains uses it.
  Timers::Id timer_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_WORKER_POOL_H_
