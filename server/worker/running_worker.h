#ifndef ENVKNIT_SERVER_WORKER_RUNNING_WORKER_H_
#define ENVKNIT_SERVER_WORKER_RUNNING_WORKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/worker/handshake.h"
#include "server/worker/subprocess_worker_options.h"
#include "server/worker/worker_calls.h"
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
  void Submit(WorkerCall call) { calls_->Submit(std::move(call), info_.pid); }
  void Cancel(CallId id);
  void DumpStack() { process_.DumpStack(); }
  void Kill() { process_.Kill(); }
  void Stop();
  CallProgress Progress(CallId id) const { return calls_->Progress(id); }
  uint64_t HandlesHeld() const { return calls_->HandlesHeld(); }

  // WorkerEvents
  void OnControlFrame(Frame frame) override;
  void OnCondemned() override { calls_->StopReading(); }
  void OnLastWords() override { calls_->Drain(); }
  void OnProcessExit(WorkerExit exit) override;

 private:
  void AwaitNext(absl::Duration patience);
  void BecomeReady();
  // Ends the start; the process is killed if it lives.
  void FinishStart(absl::Status status);
  void LogExit(const WorkerExit& exit);

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

  // Constant after construction.
  const std::shared_ptr<WorkerCalls> calls_;

  // Last, so that its callbacks never see the above destroyed.
  WorkerProcess process_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_RUNNING_WORKER_H_
