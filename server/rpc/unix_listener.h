#ifndef ENVKNIT_SERVER_RPC_UNIX_LISTENER_H_
#define ENVKNIT_SERVER_RPC_UNIX_LISTENER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/base/unique_fd.h"
#include "server/rpc/peer_identities.h"
#include "server/rpc/socket_lock.h"

namespace envknit {

// The daemon's unix socket, mode 0600. Connections are accepted here, not by
// gRPC, because only so is the peer's uid known, and because gRPC would take a
// live socket over and remove another daemon's. Owned by main, who destroys it
// before the event loop; the accepting runs on the loop's thread.
class UnixListener final {
 public:
  using Accepted = std::function<void(UniqueFd connection)>;

  // Longest path a socket address can hold.
  static constexpr std::size_t kMaxPathBytes = 107;

  // Takes the path's lock, removes a socket that a crash left behind, binds and
  // listens; connections wait until Serve. Errors: INVALID_ARGUMENT for a path
  // that is too long, FAILED_PRECONDITION when another daemon serves it or
  // something else is in its place.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Bind(
      const std::string& path);

  // Stops accepting, and removes the socket if it is still ours.
  ~UnixListener();

  // Accepts from now on: `accepted` gets each connection, on the loop's thread,
  // admitted by `peers`. All are borrowed.
  absl::Status Serve(EventLoop* loop, PeerIdentities* peers, Logger* logger,
                     Accepted accepted);

  // Accepts no more. Idempotent.
  void Stop();

  const std::string& path() const { return path_; }

 private:
  UnixListener(std::string path, SocketLock lock, UniqueFd socket)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        socket_(std::move(socket)) {}

  void AcceptReady();
  // Out of descriptors: takes one connection only to close it.
  void RefuseOne();

  // Constant after construction.
  const std::string path_;
  const SocketLock lock_;
  const UniqueFd socket_;
  dev_t device_ = 0;
  ino_t inode_ = 0;

  // Constant after Serve.
  EventLoop* loop_ = nullptr;
  PeerIdentities* peers_ = nullptr;
  Logger* logger_ = nullptr;
  Accepted accepted_;

  // Used on the loop's thread only: a descriptor kept to be given up when there
  // are no others, so that a connection can be refused. Otherwise the socket
  // stays ready, and the loop spins.
  UniqueFd reserve_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_UNIX_LISTENER_H_
