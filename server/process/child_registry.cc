#include "server/process/child_registry.h"

#include <csignal>
#include <utility>

namespace envknit {

void ChildRegistry::Add(pid_t pid, std::string tag) {
  absl::MutexLock lock(&mu_);
  tags_[pid] = std::move(tag);
}

void ChildRegistry::Remove(pid_t pid) {
  {
    absl::MutexLock lock(&mu_);
    const auto it = tags_.find(pid);
    if (it == tags_.end()) return;
    dead_.push_back({pid, std::move(it->second)});
    tags_.erase(it);
  }
  absl::MutexLock lock(&callback_mu_);
  if (on_death_) on_death_();
}

bool ChildRegistry::Contains(pid_t pid) const {
  absl::MutexLock lock(&mu_);
  return tags_.contains(pid);
}

bool ChildRegistry::Empty() const {
  absl::MutexLock lock(&mu_);
  return tags_.empty();
}

std::vector<DeadChild> ChildRegistry::TakeDead() {
  absl::MutexLock lock(&mu_);
  return std::exchange(dead_, {});
}

void ChildRegistry::KillAll() const {
  // Under the lock: a child leaves the table only after it was reaped, and
  // until then its id is nobody else's.
  absl::MutexLock lock(&mu_);
  for (const auto& [pid, tag] : tags_) ::kill(-pid, SIGKILL);
}

void ChildRegistry::ForgetCallback() {
  absl::MutexLock lock(&callback_mu_);
  on_death_ = nullptr;
}

}  // namespace envknit
