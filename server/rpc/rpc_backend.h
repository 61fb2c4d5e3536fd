#ifndef ENVKNIT_SERVER_RPC_RPC_BACKEND_H_
#define ENVKNIT_SERVER_RPC_RPC_BACKEND_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

#include "envknit/clock.h"
#include "server/base/log.h"
#include "server/pool/pool_registry.h"
#include "server/rpc/access_log.h"
#include "server/rpc/deadline.h"
#include "server/rpc/environment_resolver.h"
#include "server/rpc/peer_identities.h"

namespace envknit {

struct RpcLimits {
  // Largest request that is run, serialized.
  int64_t message_bytes = int64_t{16} << 20;
  // Of one session, for GetServerInfo: workers enforce it. 0: no limit.
  int64_t handles = 0;
  // Replies of one Attach stream that its client has not taken yet: above this
  // no further request is read from it …
  int64_t unsent_bytes = int64_t{32} << 20;
  // … and above this, or after `drain_timeout`, the stream is ended.
  int64_t max_unsent_bytes = int64_t{256} << 20;
  absl::Duration drain_timeout = absl::Seconds(60);
  // How long the sessions of an ended stream live on.
  absl::Duration stream_grace = absl::Seconds(10);
  int max_labels = 16;
  int max_label_bytes = 256;
};

// What the handlers stand on: everything is made by main and outlives them.
// Immutable; the parts are thread safe.
struct RpcBackend {
  PoolRegistry* pools = nullptr;
  EnvironmentResolver* environments = nullptr;
  const Clock* clock = nullptr;
  Timers* timers = nullptr;
  Logger* logger = nullptr;
  PeerIdentities* peers = nullptr;
  const AccessLog* access_log = nullptr;
  RpcLimits limits;
  DeadlineLimits deadlines;
  // Names this start of the daemon to clients.
  std::string instance;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_RPC_BACKEND_H_
