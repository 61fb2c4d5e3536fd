#include "server/app/stop_signals.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/status/status.h"

namespace envknit {
namespace {

sigset_t Signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void StopSignals::Block() {
  const sigset_t set = Signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

absl::StatusOr<std::unique_ptr<StopSignals>> StopSignals::Create(
    EventLoop* loop) {
  const sigset_t set = Signals();
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return absl::ErrnoToStatus(errno, "signalfd");
  std::unique_ptr<StopSignals> stop(new StopSignals(loop, std::move(signals)));
  absl::Status watched =
      loop->Watch(stop->signals_.get(), EPOLLIN,
                  [raw = stop.get()](uint32_t) { raw->OnSignal(); });
  if (!watched.ok()) return watched;
  return stop;
}

StopSignals::~StopSignals() { loop_->Unwatch(signals_.get()); }

void StopSignals::RequestStop(std::string reason) {
  absl::MutexLock lock(&mu_);
  if (std::exchange(stopping_, true)) return;
  reason_ = std::move(reason);
}

std::string StopSignals::Wait() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&stopping_));
  return reason_;
}

void StopSignals::OnSignal() {
  signalfd_siginfo info = {};
  while (::read(signals_.get(), &info, sizeof(info)) ==
         static_cast<ssize_t>(sizeof(info))) {
    absl::MutexLock lock(&mu_);
    if (std::exchange(stopping_, true)) ::_exit(1);
    reason_ = info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM";
  }
}

}  // namespace envknit
