#ifndef ENVKNIT_TESTS_POOL_FAKE_TIME_H_
#define ENVKNIT_TESTS_POOL_FAKE_TIME_H_

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "envknit/clock.h"

namespace envknit {

// Stands still until it is told. Thread-safe.
class FakeClock final : public Clock {
 public:
  absl::Time Now() const override ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    return now_;
  }
  void Set(absl::Time now) ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    now_ = now;
  }

 private:
  mutable absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_) = absl::UnixEpoch();
};

// Runs what is due when it is told, in the calling thread, and moves its clock
// there. Thread-safe.
class FakeTimers final : public Timers {
 public:
  explicit FakeTimers(FakeClock* clock) : clock_(clock) {}

  Id RunAt(absl::Time when, std::function<void()> fn) override
      ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    const Id id = ++last_id_;
    timers_.emplace(std::make_pair(when, id), std::move(fn));
    return id;
  }

  bool Cancel(Id id) override ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->first.second != id) continue;
      timers_.erase(it);
      return true;
    }
    return false;
  }

  void Advance(absl::Duration by) ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::Time end = clock_->Now() + by;
    for (;;) {
      std::function<void()> fn;
      {
        const absl::MutexLock lock(&mu_);
        if (timers_.empty() || timers_.begin()->first.first > end) break;
        auto first = timers_.extract(timers_.begin());
        clock_->Set(std::max(clock_->Now(), first.key().first));
        fn = std::move(first.mapped());
      }
      fn();
    }
    clock_->Set(end);
  }

  // Timers set so far, fired or not.
  Id count() const ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::MutexLock lock(&mu_);
    return last_id_;
  }

 private:
  FakeClock* const clock_;
  mutable absl::Mutex mu_;
  Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::pair<absl::Time, Id>, std::function<void()>> timers_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_POOL_FAKE_TIME_H_
