#include "server/base/real_clock.h"

#include <time.h>

#include "absl/time/clock.h"

namespace envknit {
namespace {

absl::Duration MonotonicNow() {
  struct timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace

RealClock::RealClock() : monotonic_zero_(absl::Now() - MonotonicNow()) {}

absl::Time RealClock::Now() const { return monotonic_zero_ + MonotonicNow(); }

}  // namespace envknit
