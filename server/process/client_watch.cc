#include "server/process/client_watch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace envknit {

absl::Status LeaveTerminalSession() {
  if (::getsid(0) == ::getpid() || ::setsid() >= 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "process ", ::getpid(), " leads a process group and can't leave it"));
}

absl::StatusOr<std::unique_ptr<ClientWatch>> ClientWatch::Create(
    Client client, EventLoop* loop, std::function<void(std::string)> gone) {
  std::unique_ptr<ClientWatch> watch(
      new ClientWatch(std::move(client), loop, std::move(gone)));
  absl::Status started = watch->Start();
  if (!started.ok()) return started;
  return watch;
}

ClientWatch::ClientWatch(Client client, EventLoop* loop,
                         std::function<void(std::string)> gone)
    : loop_(loop), client_(std::move(client)), gone_(std::move(gone)) {}

ClientWatch::~ClientWatch() {
  if (pidfd_.valid()) loop_->Unwatch(pidfd_.get());
  if (client_.death_pipe.valid()) loop_->Unwatch(client_.death_pipe.get());
}

absl::Status ClientWatch::Start() {
  if (client_.pid == 0 && !client_.death_pipe.valid()) {
    return absl::InvalidArgumentError("neither a pid nor a pipe to watch");
  }
  // Both are there before the loop's thread may look at them.
  absl::Status opened = OpenPidfd();
  if (!opened.ok()) return opened;
  if (client_.death_pipe.valid()) {
    const int fd = client_.death_pipe.get();
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return absl::ErrnoToStatus(errno, "the death pipe");
    }
    absl::Status watched =
        loop_->Watch(fd, EPOLLIN, [this](uint32_t) { OnPipe(); });
    if (!watched.ok()) return watched;
  }
  if (!pidfd_.valid()) return absl::OkStatus();
  return loop_->Watch(pidfd_.get(), EPOLLIN,
                      [this](uint32_t) { Fire("its process ended"); });
}

absl::Status ClientWatch::OpenPidfd() {
  if (client_.pid == 0) return absl::OkStatus();
  pidfd_ =
      UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, client_.pid, 0)));
  if (!pidfd_.valid()) {
    if (errno != ESRCH) return absl::ErrnoToStatus(errno, "pidfd_open");
    // Gone already. An end of file of our own says so to the loop.
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return absl::ErrnoToStatus(errno, "pipe");
    pidfd_ = UniqueFd(ends[0]);
    ::close(ends[1]);
  }
  return absl::OkStatus();
}

void ClientWatch::OnPipe() {
  char ignored[64];
  const ssize_t n = ::read(client_.death_pipe.get(), ignored, sizeof(ignored));
  if (n > 0) return;
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  Fire("it closed its pipe");
}

void ClientWatch::Fire(const char* how) {
  // Both stay ready for ever.
  if (pidfd_.valid()) loop_->Unwatch(pidfd_.get());
  if (client_.death_pipe.valid()) loop_->Unwatch(client_.death_pipe.get());
  const std::function<void(std::string)> gone = std::exchange(gone_, nullptr);
  if (gone) gone(how);
}

}  // namespace envknit
