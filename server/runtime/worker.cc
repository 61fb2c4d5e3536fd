#include "server/runtime/worker.h"

#include <Python.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "server/frame/frame_reader.h"
#include "server/frame/status_page.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/call_loop.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/control_thread.h"
#include "server/runtime/executor.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/handshake.h"
#include "server/runtime/interpreter_setup.h"
#include "server/runtime/interrupts.h"
#include "server/runtime/output_streams.h"
#include "server/runtime/process_end.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

// How long the control thread may take to say why the call channel ended.
constexpr std::chrono::seconds kEndGrace{1};

[[noreturn]] void Fail(std::string_view what) {
  ::fprintf(stderr, "envknit worker: %.*s\n", static_cast<int>(what.size()),
            what.data());
  ::_exit(1);
}

// The current Python exception as text.
std::string RaisedText() {
  const PyRef raised = TakeRaisedException();
  if (!raised) return "unknown error";
  const PyRef text = PyRef::Steal(PyObject_Str(raised.get()));
  const std::string type = NamesOf(Py_TYPE(raised.get())).qualname;
  PyErr_Clear();
  return text ? Concat({type, ": ", TextOf(text.get(), 1024)}) : type;
}

[[noreturn]] void FailStart(int control_fd, const std::string& what) {
  const Result<void> sent =
      SendStartFailed(control_fd, {StatusCode::kFailedPrecondition,
                                   "RUNTIME_NOT_AVAILABLE",
                                   what,
                                   {{"python", PythonVersion()}}});
  static_cast<void>(sent);
  Fail(what);
}

// atexit, then what is buffered; then the end, without finalizing: extension
// modules crash there.
[[noreturn]] void EndCleanly() {
  const PyRef atexit = PyRef::Steal(PyImport_ImportModule("atexit"));
  if (atexit) {
    const PyRef done = PyRef::Steal(
        PyObject_CallMethod(atexit.get(), "_run_exitfuncs", nullptr));
  }
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(nullptr);
  FlushOutput();
  ::fflush(nullptr);
  ::_exit(0);
}

}  // namespace

void RunWorker(const WorkerArguments& arguments) {
  if (!EndWithDaemon()) Fail("the daemon's death can't be heard");
  // Programs that user code starts must not hold the channels open.
  for (const int fd :
       {arguments.call_fd, arguments.control_fd, arguments.status_fd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) Fail("a descriptor is missing");
  }
  FrameReader control_reader(kDefaultMaxPayloadBytes);
  Result<WorkerSettings> settings = ExchangeHello(
      arguments.control_fd, control_reader, PythonVersion(), PythonSoabi());
  if (!settings.ok()) Fail(settings.error().message);
  if (settings->runtime_dir.empty()) {
    settings->runtime_dir = arguments.runtime_dir;
  }
  Result<StatusPageMapping> mapping = StatusPageMapping::Map(
      arguments.status_fd, StatusPageMapping::Access::kReadWrite);
  if (!mapping.ok()) {
    FailStart(arguments.control_fd, mapping.error().message);
  }
  StatusPageWriter page(std::move(*mapping));
  CallTracker tracker(pthread_self());
  Interrupts interrupts(tracker, page);
  if (!SetSysPath(settings->install_paths) || !PrepareInterpreter() ||
      !interrupts.Install()) {
    FailStart(arguments.control_fd, RaisedText());
  }
  if (!GuardForks(arguments.call_fd, arguments.control_fd,
                  arguments.status_fd)) {
    FailStart(arguments.control_fd, "fork() can't be guarded");
  }
  Executor executor(*settings, tracker, page);
  CallLoop loop(arguments.call_fd,
                settings->limits.message_bytes + kFrameSlackBytes, tracker,
                interrupts, page, executor);
  ControlThread control(arguments.control_fd, arguments.call_fd, control_reader,
                        tracker);
  page.Begin(settings->epoch);
  if (!SendReady(arguments.control_fd).ok()) Fail("the daemon is gone");
  if (!control.Start()) Fail("no thread can be started");

  loop.Run();

  if (tracker.is_stopping()) EndCleanly();
  // The daemon is gone, and the control thread is about to say so; or it closed
  // this channel alone, which is against the contract.
  std::this_thread::sleep_for(kEndGrace);
  if (tracker.is_stopping()) EndCleanly();
  EndProcessGroup();
}

}  // namespace envknit
