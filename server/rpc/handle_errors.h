#ifndef ENVKNIT_SERVER_RPC_HANDLE_ERRORS_H_
#define ENVKNIT_SERVER_RPC_HANDLE_ERRORS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "envknit/call.h"
#include "server/pool/pool_registry.h"

namespace envknit {

// The status of a call as its client should see it. A worker knows only itself:
// to it, a handle of another worker is as expired as one of a dead worker. If
// that other worker lives (`pools` knows), the error becomes CROSS_WORKER. Both
// get the daemon's `instance`, so that a client can tell that its handle is
// from another daemon.
absl::Status ClientStatus(const CallResult& result, const PoolRegistry& pools,
                          absl::string_view instance);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_HANDLE_ERRORS_H_
