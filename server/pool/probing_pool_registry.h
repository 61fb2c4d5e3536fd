#ifndef ENVKNIT_SERVER_POOL_PROBING_POOL_REGISTRY_H_
#define ENVKNIT_SERVER_POOL_PROBING_POOL_REGISTRY_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

#include "server/pool/delayed_call.h"
#include "server/pool/gated_session.h"
#include "server/pool/import_probes.h"
#include "server/pool/pool_registry.h"

namespace envknit {

// A PoolRegistry that finds out, before code runs in a sub-interpreter, whether
// it can: chooses the isolation where that is left to us, and tries in a
// throw-away process what is to be imported, so that a C extension that can't
// load harms nobody. What runs in processes passes through. Made by main, over
// the real registry. Thread-safe.
class ProbingPoolRegistry final : public PoolRegistry {
 public:
  // Borrowed; outlive it.
  struct Parts {
    PoolRegistry* pools = nullptr;
    const Clock* clock = nullptr;
    Timers* timers = nullptr;
    Logger* logger = nullptr;
  };

  // As much as `options` lets wait in a pool may wait in front of all.
  ProbingPoolRegistry(const PoolOptions& options, const Parts& parts,
                      std::shared_ptr<ImportProbes> probes);
  // Ends the trials.
  ~ProbingPoolRegistry() override;

  // With `choose_isolation` it is answered at once, and what the opening comes
  // to is told by Session::WhenReady.
  absl::StatusOr<std::shared_ptr<Session>> OpenSession(
      SessionSpec spec) override;
  absl::StatusOr<std::shared_ptr<Session>> FindSession(
      absl::string_view name, const Identity& identity) override;
  std::shared_ptr<CallHandle> Call(
      std::shared_ptr<const Environment> environment,
      IsolationRequest isolation, const Identity& identity, CallSpec call,
      CallDone done) override;
  bool EpochIsAlive(Epoch epoch) const override {
    return parts_.pools->EpochIsAlive(epoch);
  }
  std::vector<WorkerSnapshot> ListWorkers() const override {
    return parts_.pools->ListWorkers();
  }
  std::vector<SessionSnapshot> ListSessions() const override {
    return parts_.pools->ListSessions();
  }
  std::map<CallKind, uint64_t> CallCounts() const override {
    return parts_.pools->CallCounts();
  }
  void Shutdown(std::function<void()> done) override;

 private:
  std::shared_ptr<Session> Gate(std::shared_ptr<Session> session)
      ABSL_LOCKS_EXCLUDED(mu_);
  void KeepGate(const std::string& name,
                const std::shared_ptr<GatedSession>& gate)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<Session> OpenWhenChosen(SessionSpec spec);
  void Settle(const std::shared_ptr<GatedSession>& gate, SessionSpec spec,
              const IsolationChoice& choice) ABSL_LOCKS_EXCLUDED(mu_);
  // Submits a call without a session, after a trial if it needs one.
  void Place(const std::shared_ptr<DelayedCall>& call,
             const std::shared_ptr<const Environment>& environment,
             IsolationKind isolation, const DelayedCall::Submit& submit);

  // Constant after construction.
  const Parts parts_;
  const std::shared_ptr<ImportProbes> probes_;
  const DelayedCall::Room room_;

  absl::Mutex mu_;
  // The gates that anyone holds, by session: all its callers share one.
  absl::flat_hash_map<std::string, std::weak_ptr<GatedSession>> gates_
      ABSL_GUARDED_BY(mu_);
  std::size_t sweep_at_ ABSL_GUARDED_BY(mu_) = 64;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_PROBING_POOL_REGISTRY_H_
