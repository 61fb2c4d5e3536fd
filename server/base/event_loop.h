#ifndef ENVKNIT_SERVER_BASE_EVENT_LOOP_H_
#define ENVKNIT_SERVER_BASE_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "envknit/clock.h"
#include "server/base/unique_fd.h"

namespace envknit {

// One thread around epoll that runs callbacks: when descriptors are ready, when
// a time has come, or soon. It exists so that any number of workers' channels,
// pidfds and timers cost one thread, and so that what belongs to one thread
// needs no lock. Owned by main. Every method may be called from any thread;
// callbacks run on the loop's thread, one at a time, and must not block.
class EventLoop final : public Timers {
 public:
  using Function = absl::AnyInvocable<void()>;
  // Gets the EPOLL* bits that are ready.
  using FdCallback = std::function<void(uint32_t events)>;

  // Starts the thread. `clock` is borrowed and must outlive the loop.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(const Clock* clock);

  // Stops and joins the thread; not to be called from a callback.
  ~EventLoop() override;

  // Calls `callback` whenever `fd` is ready for one of `events` (EPOLLIN, …;
  // EPOLLERR and EPOLLHUP always count), until Unwatch(fd). `fd` stays the
  // caller's, who unwatches it before closing it. Error: epoll refuses the
  // descriptor, or it is watched already.
  absl::Status Watch(int fd, uint32_t events, FdCallback callback)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Replaces the events `fd` is watched for.
  absl::Status SetEvents(int fd, uint32_t events) ABSL_LOCKS_EXCLUDED(mu_);

  // Ends Watch; unknown descriptors are ignored. No callback for `fd` starts
  // after this returns, and called from another thread it waits for one that
  // runs (so that thread holds no lock the callback takes).
  void Unwatch(int fd) ABSL_LOCKS_EXCLUDED(mu_);

  // Runs `function` soon, after those posted before. Wakes the thread only if
  // it sleeps. After Stop() it is dropped.
  void Post(Function function) ABSL_LOCKS_EXCLUDED(mu_);

  // Timers: runs `function` at `when` or up to a few milliseconds later; at
  // once if that has passed. Timers of one time run in the order they were set.
  Id RunAt(absl::Time when, std::function<void()> function) override
      ABSL_LOCKS_EXCLUDED(mu_);

  // Timers: true if the timer was still waiting and will now never run.
  bool Cancel(Id id) override ABSL_LOCKS_EXCLUDED(mu_);

  // Runs what was posted before, drops the rest and all timers, and ends the
  // thread. Waits for its end unless called from a callback. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  bool OnLoopThread() const;

 private:
  struct Watched {
    int fd;
    std::shared_ptr<FdCallback> callback;
  };

  EventLoop(const Clock* clock, UniqueFd epoll, UniqueFd wakeup)
      : clock_(clock), epoll_(std::move(epoll)), wakeup_(std::move(wakeup)) {}

  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  // Runs everything posted so far and every timer that is due.
  void RunReady() ABSL_LOCKS_EXCLUDED(mu_);
  // Milliseconds to sleep: 0 if something is ready, -1 for ever.
  int PrepareToSleep() ABSL_LOCKS_EXCLUDED(mu_);
  void Dispatch(uint64_t watch, uint32_t events) ABSL_LOCKS_EXCLUDED(mu_);
  void WakeIfAsleep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DrainWakeup();

  // Constant after construction.
  const Clock* const clock_;
  const UniqueFd epoll_;
  const UniqueFd wakeup_;
  std::thread thread_;
  std::thread::id thread_id_;

  mutable absl::Mutex mu_;
  // Watches have numbers of their own, never reused: an event that epoll
  // reported before an Unwatch can't reach a later watch of the same number of
  // descriptor.
  uint64_t next_watch_ ABSL_GUARDED_BY(mu_) = 1;
  absl::flat_hash_map<uint64_t, Watched> watches_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<int, uint64_t> watch_of_fd_ ABSL_GUARDED_BY(mu_);
  // The watch whose callback runs now, 0 if none.
  uint64_t running_watch_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<Function> posted_ ABSL_GUARDED_BY(mu_);
  Id next_timer_ ABSL_GUARDED_BY(mu_) = 1;
  std::map<std::pair<absl::Time, Id>, std::function<void()>> timers_
      ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<Id, absl::Time> timer_times_ ABSL_GUARDED_BY(mu_);
  // True from the decision to sleep until a wake-up was sent or the sleep
  // ended; who finds it false needs no system call.
  bool asleep_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  // Serializes the join; never held together with mu_.
  absl::Mutex join_mu_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_EVENT_LOOP_H_
