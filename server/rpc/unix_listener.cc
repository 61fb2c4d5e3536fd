#include "server/rpc/unix_listener.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace envknit {
namespace {

constexpr int kBacklog = 512;
// Connections taken in one turn of the loop, so that a storm of them doesn't
// keep it from its other work.
constexpr int kAcceptsPerTurn = 16;
UniqueFd OpenReserve() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) < 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("can't look at ", path));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " exists and is not a socket; it is left alone"));
  }
  if (::unlink(path.c_str()) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("can't remove ", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Bind(
    const std::string& path) {
  if (path.empty() || path.size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a socket path has 1 to ", kMaxPathBytes,
                     " bytes, and this one has ", path.size(), ": ", path));
  }
  absl::StatusOr<SocketLock> lock = SocketLock::Acquire(path);
  if (!lock.ok()) return lock.status();
  absl::Status clean = RemoveStaleSocket(path);
  if (!clean.ok()) return clean;

  UniqueFd socket(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("can't bind ", path));
  }
  std::unique_ptr<UnixListener> listener(
      new UnixListener(path, *std::move(lock), std::move(socket)));
  struct stat info = {};
  // Nobody can connect before listen(), so the mode is right from the start.
  if (::chmod(path.c_str(), 0600) < 0 || ::lstat(path.c_str(), &info) < 0 ||
      ::listen(listener->socket_.get(), kBacklog) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("can't listen on ", path));
  }
  listener->device_ = info.st_dev;
  listener->inode_ = info.st_ino;
  return listener;
}

UnixListener::~UnixListener() {
  Stop();
  struct stat info = {};
  if (::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ &&
      info.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

absl::Status UnixListener::Serve(EventLoop* loop, PeerIdentities* peers,
                                 Logger* logger, Accepted accepted) {
  peers_ = peers;
  logger_ = logger;
  accepted_ = std::move(accepted);
  reserve_ = OpenReserve();
  absl::Status watched =
      loop->Watch(socket_.get(), EPOLLIN, [this](uint32_t) { AcceptReady(); });
  if (watched.ok()) loop_ = loop;
  return watched;
}

void UnixListener::Stop() {
  if (loop_ != nullptr) loop_->Unwatch(socket_.get());
  loop_ = nullptr;
}

void UnixListener::AcceptReady() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr,
                                  SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) RefuseOne();
      return;
    }
    absl::StatusOr<UniqueFd> admitted = peers_->Admit(std::move(connection));
    if (admitted.ok()) {
      accepted_(*std::move(admitted));
    } else {
      logger_->Warning("connection refused", {{"error", admitted.status()}});
    }
  }
}

void UnixListener::RefuseOne() {
  logger_->Warning("connection refused",
                   {{"error", absl::ErrnoToStatus(errno, "accept")}});
  reserve_.reset();
  UniqueFd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
  reserve_ = OpenReserve();
}

}  // namespace envknit
