#ifndef ENVKNIT_SERVER_POOL_POOL_OPTIONS_H_
#define ENVKNIT_SERVER_POOL_POOL_OPTIONS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace envknit {

// The limits of every pool of a daemon.
struct PoolOptions {
  // 0: no limit (a private daemon).
  int max_workers = 16;
  int queue_calls = 1000;
  int64_t queue_bytes = int64_t{256} << 20;
  // Unleased workers end after this.
  absl::Duration idle_timeout = absl::Minutes(10);
  // From interrupt to kill.
  absl::Duration grace = absl::Seconds(1);
  // Sessions that no stream holds end this long after their last call.
  absl::Duration session_ttl = absl::Seconds(60);
  int calls_in_flight_per_session = 1024;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_OPTIONS_H_
