#ifndef ENVKNIT_SERVER_POOL_DELAY_BUDGET_H_
#define ENVKNIT_SERVER_POOL_DELAY_BUDGET_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "server/pool/pool_errors.h"
#include "server/pool/pool_options.h"

namespace envknit {

// How much may wait in front of all pools together: what a pool's queue may
// hold. Shared by the calls that wait. Thread-safe.
class DelayBudget final {
 public:
  explicit DelayBudget(const PoolOptions& options)
      : max_calls_(options.queue_calls), max_bytes_(options.queue_bytes) {}

  // Room for a call of that size; POOL_EXHAUSTED if there is none.
  absl::Status Take(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    const auto size = static_cast<int64_t>(bytes);
    if (calls_ >= max_calls_) return QueueFull("queue_calls", max_calls_);
    // A single one may be larger than all.
    if (calls_ > 0 && size > max_bytes_ - bytes_) {
      return QueueFull("queue_bytes", max_bytes_);
    }
    ++calls_;
    bytes_ += size;
    return absl::OkStatus();
  }

  void Return(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    --calls_;
    bytes_ -= static_cast<int64_t>(bytes);
  }

 private:
  // Constant after construction.
  const int max_calls_;
  const int64_t max_bytes_;

  absl::Mutex mu_;
  int calls_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_DELAY_BUDGET_H_
