#ifndef ENVKNIT_SERVER_POOL_POOL_STATE_EVENT_H_
#define ENVKNIT_SERVER_POOL_POOL_STATE_EVENT_H_

#include "absl/time/time.h"

#include "server/pool/pool_state.h"

namespace envknit {

// One event of a PoolState while it is handled: sets the time, and arms the
// timer when all was decided. On the stack of the event's method.
class PoolState::Event final {
 public:
  Event(PoolState* state, absl::Time now) : state_(state) { state->now_ = now; }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { state_->ArmTimer(); }

 private:
  PoolState* const state_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_STATE_EVENT_H_
