// Time, as an interface, so that tests can hold it still.
#ifndef ENVKNIT_CLOCK_H_
#define ENVKNIT_CLOCK_H_

#include <cstdint>
#include <functional>

#include "absl/time/time.h"

namespace envknit {

// A clock that never goes back while a process lives: wall time at the start
// plus a monotonic clock since. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// Runs functions later, on a thread of its own; a late one is never early.
// Thread-safe.
class Timers {
 public:
  // Never 0.
  using Id = uint64_t;

  virtual ~Timers() = default;

  // Runs `fn` once, at or after `when`; a time in the past means as soon as
  // possible. `fn` must not block.
  virtual Id RunAt(absl::Time when, std::function<void()> fn) = 0;

  // True if `fn` will not run any more; false if it ran, is running, or the id
  // is unknown.
  virtual bool Cancel(Id id) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_CLOCK_H_
