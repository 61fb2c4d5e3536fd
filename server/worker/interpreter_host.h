#ifndef ENVKNIT_SERVER_WORKER_INTERPRETER_HOST_H_
#define ENVKNIT_SERVER_WORKER_INTERPRETER_HOST_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/base/unique_fd.h"
#include "server/worker/handshake.h"
#include "server/worker/hosted_interpreter.h"
#include "server/worker/interpreter_worker_options.h"
#include "server/worker/worker_descriptors.h"
#include "server/worker/worker_process.h"

namespace envknit {

// A process with several interpreters, each a worker, from its start to its
// end (protos/README.md, "Interpreter hosts"). Interpreters may be opened
// before it is up; they wait. What it sends is not trusted: whatever has no
// place in the contract gets it killed. Shared by the factory and the workers
// in it; for the loop's thread where a method doesn't say otherwise.
class InterpreterHost final
    : public WorkerEvents,
      public std::enable_shared_from_this<InterpreterHost> {
 public:
  // Borrowed; outlive every host.
  struct Surroundings {
    const InterpreterWorkerOptions* options;
    EventLoop* loop;
    const Clock* clock;
    Logger* logger;
  };
  // The last call of all.
  using Ended = std::function<void(InterpreterHost* host)>;

  InterpreterHost(const Interpreter& python, const Surroundings& surroundings,
                  Ended ended);

  // The process was started, or could not be. Once.
  void OnSpawned(absl::StatusOr<ChildProcess> child,
                 ProcessDescriptors descriptors, UniqueFd passing);

  const Interpreter& python() const { return python_; }

  // It has room, and is to be used for new interpreters. One that isn't ends
  // with its last interpreter.
  bool TakesMore() const;

  // Opens an interpreter; only while TakesMore(). `started` is called once.
  void Open(WorkerSpec spec, WorkerListener* listener,
            WorkerFactory::Started started);

  // Nobody is told of anything any more; the process is killed.
  void Abandon();

  // For live interpreters; thread-safe.
  void Cancel(HostedInterpreter& interpreter, CallId id);
  void KillFor(HostedInterpreter& interpreter);
  void DumpStack() { process_->DumpStack(); }
  // OnExit follows, at the latest with the host's own end.
  void CloseSoon(std::shared_ptr<HostedInterpreter> interpreter);

  // WorkerEvents
  void OnControlFrame(Frame frame) override;
  void OnCondemned() override;
  void OnLastWords() override;
  void OnProcessExit(WorkerExit exit) override;

 private:
  using HostedPtr = std::shared_ptr<HostedInterpreter>;

  // The host's own life.
  void AwaitNext(absl::Duration patience);
  void OnHandshakeFrame(const Frame& frame);
  // Ends the process; the starts that wait get `why`.
  void GiveUp(const std::function<absl::Status(const HostedInterpreter&)>& why);
  bool IsWornOut() const;
  // Its end is on the way.
  bool IsBeingKilled() const;
  void EndIfUnused();
  void StopProcess();
  void LogExit(const WorkerExit& exit) const;

  // Its interpreters (interpreter_host_interpreters.cc).
  void SendOpen(const HostedPtr& interpreter);
  void OnInterpreterFrame(const Frame& frame);
  void OnCallChannelClosed(uint16_t number);
  void BecomeLive(const HostedPtr& interpreter);
  void Close(HostedInterpreter& interpreter);
  void OnStartDeadline(HostedInterpreter& interpreter);
  void OnClosed(const HostedPtr& interpreter, bool retire);
  void Forget(const HostedPtr& interpreter);
  void Answer(HostedInterpreter& interpreter,
              absl::StatusOr<std::unique_ptr<Worker>> outcome);
  void CancelTimers(HostedInterpreter& interpreter);
  void SendControl(FrameKind kind, uint16_t number, std::string payload = "");

  // Constant after construction.
  const Interpreter python_;
  const Surroundings around_;

  Ended ended_callback_;
  absl::optional<Handshake> handshake_;
  // Of the handshake's phase under way; a timer of an earlier one does nothing.
  int phase_ = 0;
  bool ready_ = false;
  // It takes no new interpreters.
  bool retired_ = false;
  // An interpreter for which it was killed has closed meanwhile.
  bool culprit_left_ = false;
  int closed_ = 0;
  uint16_t next_number_ = 1;
  std::map<uint16_t, HostedPtr> interpreters_;
  // Ends it when nothing is opened; 0 if none is set.
  Timers::Id idle_timer_ = 0;
  UniqueFd passing_;

  // Set once, before any interpreter is live; last, so that its callbacks never
  // see the above destroyed.
  std::unique_ptr<WorkerProcess> process_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_INTERPRETER_HOST_H_
