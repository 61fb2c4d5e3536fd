#ifndef ENVKNIT_SERVER_WORKER_WORKER_CALLS_H_
#define ENVKNIT_SERVER_WORKER_WORKER_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/unique_fd.h"
#include "server/frame/status_page.h"
#include "server/worker/call_ledger.h"
#include "server/worker/frame_channel.h"

namespace envknit {

// What every worker has, be it a process or an interpreter in a host: a call
// channel, a status page, and who listens. Sends calls, checks replies against
// the ledger, hands them on. Knows nothing of processes: how a cancel is sent
// and what a broken contract means is its owner's. Thread-safe where a method
// doesn't say otherwise.
class WorkerCalls final : public std::enable_shared_from_this<WorkerCalls> {
 public:
  struct Connection {
    // The daemon's end, non-blocking.
    UniqueFd channel;
    StatusPageReader page;
    // Largest payload of a frame.
    std::size_t max_payload = 0;
  };
  // Both on the loop's thread; none after StopReading().
  struct Troubles {
    // The worker broke the contract, and how. Nothing more is read.
    std::function<void(const std::string& how)> broken;
    // It closed its end of the channel.
    std::function<void()> closed;
  };

  // `listener` outlives it, or Abandon() or TakeListener() is called before;
  // `loop` and `clock` are borrowed.
  WorkerCalls(Epoch epoch, WorkerListener* listener, Connection connection,
              EventLoop* loop, const Clock* clock);

  // On the loop's thread. Until Open() a frame is a broken contract.
  absl::Status Start(Troubles troubles);
  void Open() { open_ = true; }

  // As Worker's. `pid` is for the text of a refusal.
  void Submit(WorkerCall call, int pid) ABSL_LOCKS_EXCLUDED(mu_);
  CallProgress Progress(CallId id) const;
  uint64_t HandlesHeld() const;

  // A cancel is about to be sent; false if the call has its reply, or the
  // worker is gone.
  bool MarkCancelled(CallId id) ABSL_LOCKS_EXCLUDED(mu_);

  // The worker is about to be closed: its calls may come back cancelled.
  void MarkAllCancelled() ABSL_LOCKS_EXCLUDED(mu_);

  // Calls were sent that have no reply.
  bool HasOpenCalls() const ABSL_LOCKS_EXCLUDED(mu_);

  // What the page says, if it is this worker's.
  bool SaysItEndsProcess() const;

  // The listener is not called any more, except by a call that runs already.
  void Abandon() ABSL_LOCKS_EXCLUDED(mu_);

  // On the loop's thread, when the worker is gone: hands out the replies that
  // arrived before, and stops reading.
  void Drain();
  // On the loop's thread: nothing it sent counts.
  void StopReading() { channel_.StopReading(); }

  // Nothing is sent or delivered from now on; whom to tell of the exit, null if
  // nobody.
  WorkerListener* TakeListener() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void OnFrame(Frame frame) ABSL_LOCKS_EXCLUDED(mu_);
  void OnEnd(const absl::Status& why);
  void Refuse(CallId id, int pid, const absl::Status& why);
  void Deliver(WorkerReply reply) ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t MonotonicDeadline(absl::Time deadline) const;

  // Constant after construction.
  const Epoch epoch_;
  const StatusPageReader page_;
  EventLoop* const loop_;
  const Clock* const clock_;

  // Used by the loop's thread only.
  Troubles troubles_;
  bool open_ = false;

  mutable absl::Mutex mu_;
  WorkerListener* listener_ ABSL_GUARDED_BY(mu_);
  CallLedger ledger_ ABSL_GUARDED_BY(mu_);
  bool exited_ ABSL_GUARDED_BY(mu_) = false;

  // Last, so that its callbacks never see the above destroyed.
  FrameChannel channel_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_WORKER_CALLS_H_
