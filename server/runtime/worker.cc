#include "server/runtime/worker.h"

#include <Python.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "server/frame/frame_reader.h"
#include "server/frame/status_page.h"
#include "server/runtime/call_loop.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/control_thread.h"
#include "server/runtime/executor.h"
#include "server/runtime/exit_functions.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/handshake.h"
#include "server/runtime/interpreter_setup.h"
#include "server/runtime/output_streams.h"
#include "server/runtime/process_end.h"
#include "server/runtime/process_start.h"
#include "server/runtime/signal_interrupts.h"

namespace envknit {
namespace {

// How long the control thread may take to say why the call channel ended.
constexpr std::chrono::seconds kEndGrace{1};

// atexit, then what is buffered; then the end, without finalizing: extension
// modules crash there.
[[noreturn]] void EndCleanly() {
  RunExitFunctions();
  FlushOutput();
  ::fflush(nullptr);
  ::_exit(0);
}

}  // namespace

void RunWorker(const WorkerArguments& arguments) {
  FrameReader control_reader(kDefaultMaxPayloadBytes);
  const WorkerSettings settings = BeginProcess(
      arguments.control_fd, {arguments.call_fd, arguments.status_fd},
      control_reader, arguments.runtime_dir);
  Result<StatusPageMapping> mapping = StatusPageMapping::Map(
      arguments.status_fd, StatusPageMapping::Access::kReadWrite);
  if (!mapping.ok()) {
    FailStart(arguments.control_fd, mapping.error().message);
  }
  StatusPageWriter page(std::move(*mapping));
  const pthread_t main_thread = pthread_self();
  CallTracker tracker([main_thread] { pthread_kill(main_thread, SIGINT); });
  SignalInterrupts interrupts(tracker, page);
  if (!SetSysPath(settings.install_paths) || !PrepareInterpreter() ||
      !RegisterStackDump() || !interrupts.Install()) {
    FailStart(arguments.control_fd, RaisedText());
  }
  if (!GuardForks(
          {arguments.call_fd, arguments.control_fd, arguments.status_fd})) {
    FailStart(arguments.control_fd, "fork() can't be guarded");
  }
  Executor executor(settings, tracker, page);
  CallLoop loop(arguments.call_fd,
                settings.limits.message_bytes + kFrameSlackBytes, tracker,
                interrupts, page, executor);
  ControlThread control(arguments.control_fd, arguments.call_fd, control_reader,
                        tracker);
  page.Begin(settings.epoch);
  if (!SendReady(arguments.control_fd).ok()) FailProcess("the daemon is gone");
  if (!control.Start()) FailProcess("no thread can be started");

  loop.Run();

  if (tracker.is_stopping()) EndCleanly();
  // The daemon is gone, and the control thread is about to say so; or it closed
  // this channel alone, which is against the contract.
  std::this_thread::sleep_for(kEndGrace);
  if (tracker.is_stopping()) EndCleanly();
  EndProcessGroup();
}

}  // namespace envknit
