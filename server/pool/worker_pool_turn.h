#ifndef ENVKNIT_SERVER_POOL_WORKER_POOL_TURN_H_
#define ENVKNIT_SERVER_POOL_WORKER_POOL_TURN_H_

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"

#include "server/pool/worker_pool.h"

namespace envknit {

// One event of a WorkerPool: holds the lock while it is decided; at its end
// releases the lock, and then acts. On the stack of the event's method.
class ABSL_SCOPED_LOCKABLE WorkerPool::Turn final {
 public:
  explicit Turn(WorkerPool* pool) ABSL_EXCLUSIVE_LOCK_FUNCTION(pool->mu_)
      : pool_(pool) {
    pool_->mu_.Lock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  // The analysis can't know that the lock is held here. Nothing throws but a
  // failed allocation, which ends the daemon anyway.
  // NOLINTNEXTLINE(bugprone-exception-escape)
  ~Turn() ABSL_UNLOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    std::vector<Item> batch = pool_->TakeBatch();
    pool_->mu_.Unlock();
    if (!batch.empty()) pool_->Run(std::move(batch));
  }

 private:
  WorkerPool* const pool_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_WORKER_POOL_TURN_H_
