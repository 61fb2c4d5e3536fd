#ifndef ENVKNIT_SERVER_RUNTIME_INTERPRETER_H_
#define ENVKNIT_SERVER_RUNTIME_INTERPRETER_H_

#include <Python.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "server/frame/status_page.h"
#include "server/runtime/async_interrupts.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/control_sender.h"
#include "server/runtime/descriptor_channel.h"
#include "server/runtime/failure.h"
#include "server/runtime/worker_settings.h"

namespace envknit {

// One interpreter of a host, with its thread: from OPEN_INTERPRETER to
// INTERPRETER_CLOSED. Held by the host and by its own thread. Methods are for
// the host's control thread; none of them waits.
class Interpreter final {
 public:
  // `files` must have a number. `control` is borrowed. `ended` is called by the
  // interpreter's thread before it says that it is no more: its place is free
  // then.
  Interpreter(InterpreterFiles files, StatusPageMapping page,
              WorkerSettings settings, ControlSender& control,
              std::function<void()> ended);
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Starts the thread, which holds `self` until it ends. False: none can be
  // made.
  static bool Start(const std::shared_ptr<Interpreter>& self);

  void Cancel(CallName call) { tracker_.Cancel(call); }

  // Interrupts what runs and skips what comes; the thread then empties the
  // interpreter and tells the daemon.
  void Close();

 private:
  // The thread's life.
  void Run();
  // What user code finds. False: a Python exception is set.
  bool Prepare();
  // Serves calls from below a Python frame: eval(), __import__() and others
  // look for the globals of their caller. False: a Python exception is set.
  bool ServeFromPython();
  static PyObject* ServeCalls(PyObject* self, PyObject* args);
  void ServeCalls();
  // After the last call: atexit, then away with everything. Returns whether
  // something goes on running.
  bool Empty(PyThreadState* self);
  void CloseFiles();
  void FailStart(const Failure& failure);

  // Constant after construction.
  const uint16_t number_;
  const WorkerSettings settings_;
  ControlSender& control_;
  const std::function<void()> ended_;

  std::mutex mu_;
  // Guarded by mu_ where the thread gives them up; it alone does.
  InterpreterFiles files_;

  StatusPageWriter page_;
  CallTracker tracker_;
  AsyncInterrupts interrupts_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_INTERPRETER_H_
