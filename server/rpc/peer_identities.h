#ifndef ENVKNIT_SERVER_RPC_PEER_IDENTITIES_H_
#define ENVKNIT_SERVER_RPC_PEER_IDENTITIES_H_

#include <sys/types.h>

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "envknit/call.h"
#include "server/base/unique_fd.h"

namespace envknit {

// Who is at the other end of an RPC. gRPC tells nothing of a unix socket's peer
// but the number of the descriptor it was given ("fd:12"), so this class makes
// that number mean one user for as long as the daemon lives: connections are
// handed to gRPC under numbers that never belonged to another user, and so a
// late look at a connection that has ended can't name the wrong one. Made by
// main, filled by the listener, read by the handlers; thread-safe.
class PeerIdentities final {
 public:
  // Records who connected (SO_PEERCRED) and returns the descriptor under which
  // gRPC may have the connection: the same, or a duplicate. Error: the kernel
  // doesn't tell, or descriptors are short.
  absl::StatusOr<UniqueFd> Admit(UniqueFd connection) ABSL_LOCKS_EXCLUDED(mu_);

  // The identity behind grpc::ServerContext::peer(): "uid:1000" for a unix
  // socket, "anonymous" for TCP.
  Identity Identify(absl::string_view peer) const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  mutable absl::Mutex mu_;
  absl::flat_hash_map<int, uid_t> uid_of_fd_ ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_PEER_IDENTITIES_H_
