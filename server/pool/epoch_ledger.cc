#include "server/pool/epoch_ledger.h"

namespace envknit {

Epoch EpochLedger::Next() {
  const absl::MutexLock lock(&mu_);
  const Epoch epoch = tag_ | ++last_;
  alive_.insert(epoch);
  return epoch;
}

void EpochLedger::End(Epoch epoch) {
  const absl::MutexLock lock(&mu_);
  alive_.erase(epoch);
}

bool EpochLedger::IsAlive(Epoch epoch) const {
  const absl::MutexLock lock(&mu_);
  return alive_.contains(epoch);
}

}  // namespace envknit
