#ifndef ENVKNIT_SERVER_RPC_SOCKET_LOCK_H_
#define ENVKNIT_SERVER_RPC_SOCKET_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "server/base/unique_fd.h"

namespace envknit {

// The right to serve one unix socket path: a lock on `<socket>.lock`, held from
// before the socket is bound until the daemon's end, so that nothing between
// two daemons depends on the socket file itself (which a crash leaves behind,
// and which gRPC would silently take over). The kernel drops the lock however
// the daemon ends. Move-only; not thread-safe.
class SocketLock final {
 public:
  // Errors: FAILED_PRECONDITION that names the process which holds it; others
  // when the file can't be made.
  static absl::StatusOr<SocketLock> Acquire(const std::string& socket_path);

  SocketLock(SocketLock&&) = default;
  SocketLock& operator=(SocketLock&&) = delete;
  // Removes the file, while the lock is held.
  ~SocketLock();

 private:
  SocketLock(std::string path, UniqueFd fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_SOCKET_LOCK_H_
