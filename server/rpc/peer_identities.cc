#include "server/rpc/peer_identities.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace envknit {

absl::StatusOr<UniqueFd> PeerIdentities::Admit(UniqueFd connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) <
      0) {
    return absl::ErrnoToStatus(errno, "SO_PEERCRED");
  }
  absl::MutexLock lock(&mu_);
  int candidate = connection.get();
  while (true) {
    const auto [it, inserted] = uid_of_fd_.emplace(candidate, peer.uid);
    if (inserted || it->second == peer.uid) break;
    UniqueFd other(::fcntl(connection.get(), F_DUPFD_CLOEXEC, candidate + 1));
    if (!other.valid()) return absl::ErrnoToStatus(errno, "dup of connection");
    candidate = other.get();
    connection = std::move(other);
  }
  return connection;
}

Identity PeerIdentities::Identify(absl::string_view peer) const {
  int fd = -1;
  if (absl::ConsumePrefix(&peer, "fd:") && absl::SimpleAtoi(peer, &fd)) {
    absl::MutexLock lock(&mu_);
    const auto it = uid_of_fd_.find(fd);
    if (it != uid_of_fd_.end()) return absl::StrCat("uid:", it->second);
  }
  return "anonymous";
}

}  // namespace envknit
