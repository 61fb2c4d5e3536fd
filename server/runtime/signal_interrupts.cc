#include "server/runtime/signal_interrupts.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/runtime/import_frames.h"

namespace envknit {
namespace {

constexpr char kCapsuleName[] = "envknit.interrupts";
constexpr int kMaxRaisingHandlers = 1000;

}  // namespace

bool SignalInterrupts::Install() {
  static PyMethodDef definition = {"on_interrupt", &SignalInterrupts::OnSignal,
                                   METH_VARARGS, nullptr};
  const PyRef self = PyRef::Steal(PyCapsule_New(this, kCapsuleName, nullptr));
  const PyRef module = PyRef::Steal(PyImport_ImportModule("_signal"));
  if (!self || !module) return false;
  handler_ = PyRef::Steal(PyCFunction_New(&definition, self.get()));
  number_ = PyRef::Steal(PyLong_FromLong(SIGINT));
  get_ = PyRef::Steal(PyObject_GetAttrString(module.get(), "getsignal"));
  set_ = PyRef::Steal(PyObject_GetAttrString(module.get(), "signal"));
  return handler_ && number_ && get_ && set_ && SetHandler();
}

bool SignalInterrupts::SetHandler() {
  const PyRef old = PyRef::Steal(PyObject_CallFunctionObjArgs(
      set_.get(), number_.get(), handler_.get(), nullptr));
  if (!old) return false;
  struct sigaction action = {};
  ::sigaction(SIGINT, nullptr, &action);
  c_handler_ = action.sa_handler;
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
  return true;
}

void SignalInterrupts::Restore() {
  struct sigaction action = {};
  sigset_t blocked;
  ::sigaction(SIGINT, nullptr, &action);
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  const PyRef current =
      PyRef::Steal(PyObject_CallOneArg(get_.get(), number_.get()));
  if (current.get() == handler_.get() && action.sa_handler == c_handler_ &&
      sigismember(&blocked, SIGINT) == 0) {
    RunHandlers();
    return;
  }
  PyErr_Clear();
  if (!SetHandler()) PyErr_WriteUnraisable(handler_.get());
  Drain();
}

void SignalInterrupts::Drain() {
  // The signal was queued before the call's name was cleared; the kernel hands
  // it over at the latest on the way out of a system call.
  ::syscall(SYS_gettid);
  RunHandlers();
}

void SignalInterrupts::RunHandlers() {
  for (int i = 0; i < kMaxRaisingHandlers; ++i) {
    if (PyErr_CheckSignals() == 0) return;
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
      PyErr_Clear();
    } else {
      PyErr_WriteUnraisable(nullptr);
    }
  }
}

PyObject* SignalInterrupts::OnSignal(PyObject* self, PyObject* args) {
  auto* const interrupts =
      static_cast<SignalInterrupts*>(PyCapsule_GetPointer(self, kCapsuleName));
  if (interrupts == nullptr) return nullptr;
  // Late, or nothing runs: there is nothing to interrupt.
  if (!interrupts->tracker_.is_running()) Py_RETURN_NONE;
  if (PyTuple_GET_SIZE(args) == 2 && IsImporting(PyTuple_GET_ITEM(args, 1))) {
    interrupts->import_interrupted_ = true;
    interrupts->page_.SetImporting(true);
  }
  PyErr_SetNone(PyExc_KeyboardInterrupt);
  return nullptr;
}

}  // namespace envknit
