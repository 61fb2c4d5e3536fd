#include "server/process/child_process.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace envknit {
namespace {

// The library's own P_PIDFD is too new for some systems' headers.
constexpr auto kByPidfd = static_cast<idtype_t>(3);

}  // namespace

ChildProcess::ChildProcess(pid_t pid, UniqueFd pidfd,
                           std::shared_ptr<ChildRegistry> registry)
    : pid_(pid), pidfd_(std::move(pidfd)), registry_(std::move(registry)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(other.pid_),
      pidfd_(std::move(other.pidfd_)),
      registry_(std::move(other.registry_)),
      reaped_(std::exchange(other.reaped_, true)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this == &other) return *this;
  KillAndReap();
  pid_ = other.pid_;
  pidfd_ = std::move(other.pidfd_);
  registry_ = std::move(other.registry_);
  reaped_ = std::exchange(other.reaped_, true);
  return *this;
}

ChildProcess::~ChildProcess() { KillAndReap(); }

void ChildProcess::KillAndReap() {
  if (reaped_) return;
  KillGroup();
  Reap(WEXITED);
}

void ChildProcess::Signal(int signal) {
  if (reaped_) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

void ChildProcess::KillGroup() {
  // Until the leader is reaped the group's number can't be another's.
  if (!reaped_) ::kill(-pid_, SIGKILL);
}

absl::optional<ExitStatus> ChildProcess::TryReap() {
  return reaped_ ? absl::nullopt : Reap(WEXITED | WNOHANG);
}

absl::optional<ExitStatus> ChildProcess::Reap(int wait_flags) {
  siginfo_t info = {};
  // First only looked at: while the zombie is there the group can be killed
  // without hitting another.
  int result;
  do {
    result = ::waitid(kByPidfd, static_cast<id_t>(pidfd_.get()), &info,
                      wait_flags | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result == 0 && info.si_pid == 0) return absl::nullopt;
  ExitStatus status;
  if (result == 0) {
    KillGroup();
    ::waitid(kByPidfd, static_cast<id_t>(pidfd_.get()), &info,
             WEXITED | WNOHANG);
    if (info.si_code == CLD_EXITED) {
      status.code = info.si_status;
    } else {
      status.signal = info.si_status;
    }
  }
  // ECHILD: somebody else took the status; the process is gone all the same.
  reaped_ = true;
  registry_->Remove(pid_);
  return status;
}

}  // namespace envknit
