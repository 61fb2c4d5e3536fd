#ifndef ENVKNIT_SERVER_RUNTIME_CALL_TRACKER_H_
#define ENVKNIT_SERVER_RUNTIME_CALL_TRACKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace envknit {

// What names a call in this worker.
struct CallName {
  uint32_t carrier = 0;
  uint64_t call_id = 0;

  bool operator==(const CallName&) const = default;
};

// Which call runs, and which were cancelled: the one place where the thread
// that runs calls and the control thread meet. An interrupt is sent under the
// same mutex under which a call begins and ends, so it is always meant for the
// call that runs. Owned by the runtime; thread-safe, with the roles below.
class CallTracker final {
 public:
  // `interrupt` makes an interrupt reach the thread that runs calls, soon; it
  // is called with the mutex held and must not wait.
  explicit CallTracker(std::function<void()> interrupt)
      : interrupt_(std::move(interrupt)) {}
  CallTracker(const CallTracker&) = delete;
  CallTracker& operator=(const CallTracker&) = delete;

  // The thread that runs calls. The call was read from the channel and starts.
  // False: it was cancelled before and must be skipped; it is over then.
  bool Begin(CallName call);

  // The thread that runs calls. The call is over: no interrupt is sent any
  // more. Returns whether one was.
  bool End();

  // The thread that runs calls, also from a signal handler written in Python.
  bool is_running() const { return running_flag_.load(); }
  bool cancel_requested() const { return cancel_requested_.load(); }

  // Control thread. Interrupts the call if it runs; makes it be skipped if it
  // was not read yet; does nothing if it is over.
  void Cancel(CallName call);

  // Control thread. The worker shall end: interrupts what runs and skips what
  // comes.
  void Stop();

  // For interrupts that take a while to deliver: runs `deliver` if one is due
  // for the call that runs, and no other can begin until it has returned.
  void DeliverInterrupt(const std::function<void()>& deliver);

  bool is_stopping() const { return stopping_.load(); }

 private:
  // With mu_ held.
  void Interrupt();

  // Constant after construction.
  const std::function<void()> interrupt_;

  std::mutex mu_;
  // Guarded by mu_.
  bool running_ = false;
  bool interrupt_due_ = false;
  CallName call_;
  uint64_t last_read_ = 0;
  std::vector<CallName> tombstones_;

  // Written with mu_ held.
  std::atomic<bool> running_flag_ = false;
  std::atomic<bool> cancel_requested_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CALL_TRACKER_H_
