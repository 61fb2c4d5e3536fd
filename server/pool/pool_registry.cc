#include "server/pool/pool_registry.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

#include "server/base/annotated_status.h"
#include "server/pool/epoch_ledger.h"
#include "server/pool/pool_errors.h"
#include "server/pool/session_directory.h"
#include "server/pool/worker_pool.h"

namespace envknit {
namespace {

// The handle of a call that was refused.
class RefusedCall final : public CallHandle {
 public:
  void Cancel() override {}
};

// Makes a pool when it is first asked for; pools stay, since an idle one costs
// nothing.
class WorkerPoolRegistry final : public PoolRegistry {
 public:
  WorkerPoolRegistry(const PoolOptions& options, uint32_t instance_tag,
                     std::map<IsolationKind, WorkerFactory*> factories,
                     const Clock* clock, Timers* timers, Logger* logger)
      : options_(options),
        factories_(std::move(factories)),
        clock_(clock),
        timers_(timers),
        logger_(logger),
        epochs_(std::make_shared<EpochLedger>(instance_tag)),
        directory_(std::make_shared<SessionDirectory>()) {}

  ~WorkerPoolRegistry() override {
    for (const auto& pool : AllPools()) pool->Abandon();
  }

  absl::StatusOr<std::shared_ptr<Session>> OpenSession(
      SessionSpec spec) override {
    auto pool = PoolFor(spec.environment, spec.isolation);
    if (!pool.ok()) return pool.status();
    return (*pool)->OpenSession(std::move(spec));
  }

  absl::StatusOr<std::shared_ptr<Session>> FindSession(
      absl::string_view name, const Identity& identity) override {
    auto session = directory_->Find(name);
    if (session == nullptr || session->spec().identity != identity) {
      return SessionNotFound(name);
    }
    return session;
  }

  std::shared_ptr<CallHandle> Call(
      std::shared_ptr<const Environment> environment,
      IsolationRequest isolation, const Identity& identity, CallSpec call,
      CallDone done) override {
    auto pool =
        PoolFor(environment, isolation == IsolationRequest::kSubinterpreter
                                 ? IsolationKind::kSubinterpreter
                                 : IsolationKind::kProcess);
    if (!pool.ok()) {
      CallResult result;
      result.status = pool.status();
      done(std::move(result));
      return std::make_shared<RefusedCall>();
    }
    return (*pool)->Call(identity, std::move(call), std::move(done));
  }

  bool EpochIsAlive(Epoch epoch) const override {
    return epochs_->IsAlive(epoch);
  }

  std::vector<WorkerSnapshot> ListWorkers() const override {
    std::vector<WorkerSnapshot> workers;
    for (const auto& pool : AllPools()) pool->AppendWorkers(&workers);
    std::sort(workers.begin(), workers.end(), [](const auto& a, const auto& b) {
      return a.info.epoch < b.info.epoch;
    });
    return workers;
  }

  std::vector<SessionSnapshot> ListSessions() const override {
    std::vector<SessionSnapshot> sessions;
    for (const auto& pool : AllPools()) pool->AppendSessions(&sessions);
    std::stable_sort(
        sessions.begin(), sessions.end(),
        [](const auto& a, const auto& b) { return a.opened < b.opened; });
    return sessions;
  }

  std::map<CallKind, uint64_t> CallCounts() const override {
    std::map<CallKind, uint64_t> counts;
    for (const auto& pool : AllPools()) pool->AddCallCounts(&counts);
    return counts;
  }

  void Shutdown(std::function<void()> done) override {
    {
      const absl::MutexLock lock(&mu_);
      shutting_down_ = true;
    }
    // The last one of the pools, or this function itself, calls `done`.
    const auto pools = AllPools();
    auto left = std::make_shared<std::atomic<size_t>>(pools.size() + 1);
    const auto one_done = [left, done = std::move(done)] {
      if (left->fetch_sub(1) == 1) done();
    };
    for (const auto& pool : pools) pool->Shutdown(one_done);
    one_done();
  }

 private:
  using Key = std::pair<std::string, IsolationKind>;

  // RUNTIME_NOT_AVAILABLE if there is no factory of that kind, DRAINING.
  absl::StatusOr<std::shared_ptr<WorkerPool>> PoolFor(
      const std::shared_ptr<const Environment>& environment,
      IsolationKind isolation) ABSL_LOCKS_EXCLUDED(mu_) {
    const auto factory = factories_.find(isolation);
    if (factory == factories_.end()) {
      return MakeError(ErrorReason::kRuntimeNotAvailable,
                       "this server has no workers of that isolation kind",
                       {{"python", environment->interpreter.version}});
    }
    const absl::MutexLock lock(&mu_);
    if (shutting_down_) return Draining();
    std::shared_ptr<WorkerPool>& pool =
        pools_[Key(environment->digest, isolation)];
    if (pool == nullptr) {
      WorkerPool::Parts parts;
      parts.environment = environment;
      parts.isolation = isolation;
      parts.factory = factory->second;
      parts.clock = clock_;
      parts.timers = timers_;
      parts.logger = logger_;
      parts.epochs = epochs_;
      parts.directory = directory_;
      pool = WorkerPool::Create(options_, std::move(parts));
    }
    return pool;
  }

  std::vector<std::shared_ptr<WorkerPool>> AllPools() const
      ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    std::vector<std::shared_ptr<WorkerPool>> pools;
    for (const auto& [key, pool] : pools_) pools.push_back(pool);
    return pools;
  }

  // Constant after construction.
  const PoolOptions options_;
  const std::map<IsolationKind, WorkerFactory*> factories_;
  const Clock* const clock_;
  Timers* const timers_;
  Logger* const logger_;
  const std::shared_ptr<EpochLedger> epochs_;
  const std::shared_ptr<SessionDirectory> directory_;

  mutable absl::Mutex mu_;
  absl::flat_hash_map<Key, std::shared_ptr<WorkerPool>> pools_
      ABSL_GUARDED_BY(mu_);
  bool shutting_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

std::unique_ptr<PoolRegistry> PoolRegistry::Create(
    PoolOptions options, uint32_t instance_tag,
    std::map<IsolationKind, WorkerFactory*> factories, const Clock* clock,
    Timers* timers, Logger* logger) {
  return std::make_unique<WorkerPoolRegistry>(
      options, instance_tag, std::move(factories), clock, timers, logger);
}

}  // namespace envknit
