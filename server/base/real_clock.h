#ifndef ENVKNIT_SERVER_BASE_REAL_CLOCK_H_
#define ENVKNIT_SERVER_BASE_REAL_CLOCK_H_

#include "absl/time/time.h"

#include "envknit/clock.h"

namespace envknit {

// The machine's time as the daemon uses it: the wall time at construction plus
// what CLOCK_MONOTONIC counted since, so that a clock set back (or forth) moves
// no deadline. Made once by main. Thread safe.
class RealClock final : public Clock {
 public:
  RealClock();
  absl::Time Now() const override;

 private:
  // Constant after construction.
  const absl::Time monotonic_zero_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_REAL_CLOCK_H_
