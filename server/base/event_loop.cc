#include "server/base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

namespace envknit {
namespace {

// epoll's user data of the loop's own eventfd; watches count from 1.
constexpr uint64_t kWakeupWatch = 0;

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create(
    const Clock* clock) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return absl::ErrnoToStatus(errno, "epoll_create1");
  UniqueFd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup.valid()) return absl::ErrnoToStatus(errno, "eventfd");
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeupWatch;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.get(), &event) != 0) {
    return absl::ErrnoToStatus(errno, "epoll_ctl of the wake-up descriptor");
  }
  std::unique_ptr<EventLoop> loop(
      new EventLoop(clock, std::move(epoll), std::move(wakeup)));
  EventLoop* const self = loop.get();
  // Waited for here: the thread's number is set before anyone can ask for it.
  absl::Notification started;
  loop->thread_ = std::thread([self, &started] {
    self->thread_id_ = std::this_thread::get_id();
    started.Notify();
    self->Run();
  });
  started.WaitForNotification();
  return loop;
}

EventLoop::~EventLoop() { Stop(); }

bool EventLoop::OnLoopThread() const {
  return std::this_thread::get_id() == thread_id_;
}

absl::Status EventLoop::Watch(int fd, uint32_t events, FdCallback callback) {
  absl::MutexLock lock(&mu_);
  if (watch_of_fd_.contains(fd)) {
    return absl::AlreadyExistsError(
        absl::StrCat("descriptor ", fd, " is already watched"));
  }
  const uint64_t watch = next_watch_++;
  struct epoll_event event = {};
  event.events = events;
  event.data.u64 = watch;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("watch descriptor ", fd));
  }
  watches_.emplace(
      watch, Watched{fd, std::make_shared<FdCallback>(std::move(callback))});
  watch_of_fd_.emplace(fd, watch);
  return absl::OkStatus();
}

absl::Status EventLoop::SetEvents(int fd, uint32_t events) {
  absl::MutexLock lock(&mu_);
  const auto it = watch_of_fd_.find(fd);
  if (it == watch_of_fd_.end()) {
    return absl::NotFoundError(
        absl::StrCat("descriptor ", fd, " is not watched"));
  }
  struct epoll_event event = {};
  event.events = events;
  event.data.u64 = it->second;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("change the watch of ", fd));
  }
  return absl::OkStatus();
}

void EventLoop::Unwatch(int fd) {
  std::shared_ptr<FdCallback> dropped;  // destroyed without the lock
  absl::MutexLock lock(&mu_);
  const auto it = watch_of_fd_.find(fd);
  if (it == watch_of_fd_.end()) return;
  const uint64_t watch = it->second;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  dropped = std::move(watches_.at(watch).callback);
  watches_.erase(watch);
  watch_of_fd_.erase(it);
  if (OnLoopThread()) return;
  const auto not_running = [this, watch]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return running_watch_ != watch;
  };
  mu_.Await(absl::Condition(&not_running));
}

void EventLoop::Post(Function function) {
  absl::MutexLock lock(&mu_);
  if (stopping_) return;
  posted_.push_back(std::move(function));
  WakeIfAsleep();
}

Timers::Id EventLoop::RunAt(absl::Time when, std::function<void()> function) {
  absl::MutexLock lock(&mu_);
  const Id id = next_timer_++;
  if (stopping_) return id;
  const auto it =
      timers_.emplace(std::make_pair(when, id), std::move(function)).first;
  timer_times_.emplace(id, when);
  if (it == timers_.begin()) WakeIfAsleep();
  return id;
}

bool EventLoop::Cancel(Id id) {
  std::function<void()> dropped;  // destroyed without the lock
  absl::MutexLock lock(&mu_);
  const auto time = timer_times_.find(id);
  if (time == timer_times_.end()) return false;
  const auto timer = timers_.find({time->second, id});
  dropped = std::move(timer->second);
  timers_.erase(timer);
  timer_times_.erase(time);
  return true;
}

void EventLoop::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    WakeIfAsleep();
  }
  if (OnLoopThread()) return;
  absl::MutexLock lock(&join_mu_);
  if (thread_.joinable()) thread_.join();
}

void EventLoop::WakeIfAsleep() {
  if (!asleep_) return;
  asleep_ = false;
  const uint64_t one = 1;
  // Can't fail: the counter is far from full and the descriptor is ours.
  [[maybe_unused]] const ssize_t written =
      ::write(wakeup_.get(), &one, sizeof(one));
}

void EventLoop::DrainWakeup() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t read =
      ::read(wakeup_.get(), &count, sizeof(count));
}

int EventLoop::PrepareToSleep() {
  absl::MutexLock lock(&mu_);
  if (stopping_ || !posted_.empty()) return 0;
  if (timers_.empty()) {
    asleep_ = true;
    return -1;
  }
  const absl::Duration wait = timers_.begin()->first.first - clock_->Now();
  if (wait <= absl::ZeroDuration()) return 0;
  asleep_ = true;
  // Rounded up, or the last fraction of a millisecond would be spent spinning.
  const int64_t milliseconds =
      absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)));
  return static_cast<int>(
      std::min<int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

void EventLoop::RunReady() {
  std::vector<Function> functions;
  {
    absl::MutexLock lock(&mu_);
    functions.swap(posted_);
  }
  for (Function& function : functions) function();
  functions.clear();
  // One timer at a time: each may cancel or set others. The time is read once,
  // so that a timer that sets itself anew can't keep descriptors waiting.
  const absl::Time now = clock_->Now();
  while (true) {
    std::function<void()> function;
    {
      absl::MutexLock lock(&mu_);
      const auto first = timers_.begin();
      if (stopping_ || first == timers_.end() || first->first.first > now) {
        return;
      }
      function = std::move(first->second);
      timer_times_.erase(first->first.second);
      timers_.erase(first);
    }
    function();
  }
}

void EventLoop::Dispatch(uint64_t watch, uint32_t events) {
  std::shared_ptr<FdCallback> callback;
  {
    absl::MutexLock lock(&mu_);
    const auto it = watches_.find(watch);
    if (it == watches_.end()) return;
    callback = it->second.callback;
    running_watch_ = watch;
  }
  (*callback)(events);
  // Before the mark is cleared: who waits in Unwatch may rely on what the
  // callback captured being gone too.
  callback.reset();
  absl::MutexLock lock(&mu_);
  running_watch_ = 0;
}

void EventLoop::Run() {
  std::array<struct epoll_event, 64> events;
  while (true) {
    const int timeout = PrepareToSleep();
    const int count = ::epoll_wait(epoll_.get(), events.data(),
                                   static_cast<int>(events.size()), timeout);
    {
      absl::MutexLock lock(&mu_);
      asleep_ = false;
      if (stopping_) break;
    }
    for (int i = 0; i < count; ++i) {
      const struct epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kWakeupWatch) {
        DrainWakeup();
      } else {
        Dispatch(event.data.u64, event.events);
      }
    }
    RunReady();
  }
  RunReady();
  // What is left may own things whose destructors call back into this loop.
  std::map<std::pair<absl::Time, Id>, std::function<void()>> timers;
  absl::MutexLock lock(&mu_);
  timers.swap(timers_);
  timer_times_.clear();
}

}  // namespace envknit
