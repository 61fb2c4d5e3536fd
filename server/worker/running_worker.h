#ifndef ENVKNIT_SERVER_WORKER_RUNNING_WORKER_H_
#define ENVKNIT_SERVER_WORKER_RUNNING_WORKER_H_

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/worker/call_ledger.h"
#include "server/worker/handshake.h"
#include "server/worker/subprocess_worker_options.h"
#include "server/worker/worker_process.h"

namespace envknit {

// One worker process from its start to its end: handshake, calls, exit. It
// outlives the SubprocessWorker that the pool holds, because a process that was
// let go must still be killed, drained and reaped. Shared by that and the
// factory's LiveWorkers. Thread-safe where a method doesn't say otherwise.
class RunningWorker final : public WorkerEvents,
                            public std::enable_shared_from_this<RunningWorker> {
 public:
  // Borrowed; outlive every worker.
  struct Surroundings {
    const SubprocessWorkerOptions* options;
    EventLoop* loop;
    const Clock* clock;
    Logger* logger;
  };
  // Called once, on the loop's thread: READY, or why not.
  using Started = std::function<void(absl::Status)>;
  // The last call of all, on the loop's thread.
  using Ended = std::function<void()>;

  RunningWorker(const WorkerSpec& spec, WorkerListener* listener,
                const Surroundings& surroundings, ChildProcess child,
                WorkerDescriptors descriptors);

  // On the loop's thread, once.
  void Start(Started started, Ended ended);

  // The listener is not called any more, except by a call that runs already;
  // the process is killed.
  void Abandon();

  // The methods of Worker, with its promises.
  const WorkerInfo& info() const { return info_; }
  void Submit(WorkerCall call) ABSL_LOCKS_EXCLUDED(mu_);
  void Cancel(CallId id) ABSL_LOCKS_EXCLUDED(mu_);
  void DumpStack() { process_.DumpStack(); }
  void Kill() { process_.Kill(); }
  void Stop();
  CallProgress Progress(CallId id) const;
  uint64_t HandlesHeld() const;

  // WorkerEvents
  void OnCallFrame(Frame frame) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnControlFrame(Frame frame) override;
  void OnProcessExit(WorkerExit exit) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void AwaitNext(absl::Duration patience);
  void BecomeReady();
  // Ends the start; the process is killed if it lives.
  void FinishStart(absl::Status status);
  void Refuse(CallId id, const absl::Status& why);
  void Deliver(WorkerReply reply) ABSL_LOCKS_EXCLUDED(mu_);
  void LogExit(const WorkerExit& exit);
  uint64_t MonotonicDeadline(absl::Time deadline) const;

  // Constant after construction; info_.python and .started from READY on, when
  // others get to see it.
  const WorkerSpec spec_;
  const Surroundings around_;
  WorkerInfo info_;

  // Used by the loop's thread only.
  Handshake handshake_;
  Started started_;
  Ended ended_callback_;
  // Of the phase under way; a timer of an earlier one does nothing.
  int phase_ = 0;
  bool ready_ = false;

  mutable absl::Mutex mu_;
  WorkerListener* listener_ ABSL_GUARDED_BY(mu_);
  CallLedger ledger_ ABSL_GUARDED_BY(mu_);
  bool exited_ ABSL_GUARDED_BY(mu_) = false;

  // Last, so that its callbacks never see the above destroyed.
  WorkerProcess process_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_RUNNING_WORKER_H_
