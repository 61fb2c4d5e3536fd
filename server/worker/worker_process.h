#ifndef ENVKNIT_SERVER_WORKER_WORKER_PROCESS_H_
#define ENVKNIT_SERVER_WORKER_WORKER_PROCESS_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/process/child_process.h"
#include "server/worker/frame_channel.h"
#include "server/worker/output_pipe.h"
#include "server/worker/stderr_record.h"
#include "server/worker/worker_descriptors.h"
#include "server/worker/worker_output.h"

namespace envknit {

// A process closes its descriptors a little before it can be reaped.
inline constexpr absl::Duration kExitAfterClose = absl::Milliseconds(500);

// What a WorkerProcess tells its owner, on the loop's thread.
class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;

  virtual void OnControlFrame(Frame frame) = 0;
  // It broke the contract and is being killed: nothing it sent counts.
  virtual void OnCondemned() = 0;
  // It is reaped: what it wrote to other channels than the control channel is
  // to be taken now.
  virtual void OnLastWords() = 0;
  // Last: everything it wrote was handed out.
  virtual void OnProcessExit(WorkerExit exit) = 0;
};

// The process of a worker, or of several interpreters: control channel, output,
// pidfd. Knows nothing of calls. One that breaks the frame contract, or closes
// a channel and stays, is killed. Owned by RunningWorker or InterpreterHost;
// methods are for the loop's thread unless they say otherwise.
class WorkerProcess final {
 public:
  // `events`, `loop` and `clock` are borrowed and outlive it.
  WorkerProcess(ChildProcess child, ProcessDescriptors descriptors,
                std::unique_ptr<WorkerOutput> output, WorkerEvents* events,
                EventLoop* loop, const Clock* clock);
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  // Kills and reaps the process if it still lives.
  ~WorkerProcess();

  absl::Status Start();

  // Thread-safe.
  int pid() const { return pid_; }

  // Thread-safe; errors as FrameChannel::Send.
  absl::Status SendControl(FrameHeader header, std::string payload = "");

  // Thread-safe. SIGKILL to the process group; OnProcessExit follows.
  void Kill() ABSL_LOCKS_EXCLUDED(child_mu_);

  // Thread-safe. Asks for the Python stacks.
  void DumpStack() ABSL_LOCKS_EXCLUDED(child_mu_);

  // Kills it for breaking the contract; nothing it sent is read any more.
  void Condemn(absl::string_view why);

  // It closed its end of `channel`: killed unless its end follows.
  void ChannelClosed(absl::string_view channel);

  std::string StderrTail() const { return stderr_record_.Tail(); }

 private:
  void OnStderrLine(absl::string_view line);
  void OnPidfd() ABSL_LOCKS_EXCLUDED(child_mu_);

  // Constant after construction.
  WorkerEvents* const events_;
  EventLoop* const loop_;
  const Clock* const clock_;
  const int pid_;
  const int pidfd_;
  const std::unique_ptr<WorkerOutput> output_;

  std::atomic<int> stacks_requested_ = 0;

  absl::Mutex child_mu_;
  ChildProcess child_ ABSL_GUARDED_BY(child_mu_);

  // Used by the loop's thread only, but for FrameChannel::Send.
  FrameChannel control_;
  OutputPipe stdout_;
  OutputPipe stderr_;
  StderrRecord stderr_record_;
  int stacks_expected_ = 0;
  absl::optional<std::string> protocol_error_;
  // Kills a process that closed a channel and stayed; 0 if none is set.
  Timers::Id end_timer_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_WORKER_PROCESS_H_
