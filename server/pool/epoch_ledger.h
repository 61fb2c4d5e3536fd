#ifndef ENVKNIT_SERVER_POOL_EPOCH_LEDGER_H_
#define ENVKNIT_SERVER_POOL_EPOCH_LEDGER_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"

#include "envknit/worker.h"

namespace envknit {

// Gives out the epochs of a daemon, and knows which of them still live: a
// handle of any other is an error. Shared by the pools; owned by the registry.
// Thread-safe.
class EpochLedger final {
 public:
  explicit EpochLedger(uint32_t instance_tag)
      : tag_(static_cast<uint64_t>(instance_tag) << 32) {}

  // A new epoch, which lives from now on.
  Epoch Next() ABSL_LOCKS_EXCLUDED(mu_);

  void End(Epoch epoch) ABSL_LOCKS_EXCLUDED(mu_);

  bool IsAlive(Epoch epoch) const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // Constant after construction.
  const uint64_t tag_;

  mutable absl::Mutex mu_;
  uint32_t last_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_set<Epoch> alive_ ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_EPOCH_LEDGER_H_
