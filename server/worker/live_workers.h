#ifndef ENVKNIT_SERVER_WORKER_LIVE_WORKERS_H_
#define ENVKNIT_SERVER_WORKER_LIVE_WORKERS_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"

#include "server/worker/running_worker.h"

namespace envknit {

// The workers whose processes are not reaped yet; it keeps them alive until
// then. Shared by the factory and the starts that are under way. Thread-safe.
class LiveWorkers final {
 public:
  // False after Close(): `worker` is not kept.
  bool Add(std::shared_ptr<RunningWorker> worker) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (closed_) return false;
    workers_.insert(std::move(worker));
    return true;
  }

  void Remove(const std::shared_ptr<RunningWorker>& worker)
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    workers_.erase(worker);
  }

  bool closed() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return closed_;
  }

  // Takes all, and takes no more.
  absl::flat_hash_set<std::shared_ptr<RunningWorker>> Close()
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    return std::exchange(workers_, {});
  }

 private:
  mutable absl::Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_set<std::shared_ptr<RunningWorker>> workers_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_LIVE_WORKERS_H_
