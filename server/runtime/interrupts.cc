#include "server/runtime/interrupts.h"

#include <frameobject.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace envknit {
namespace {

constexpr char kCapsuleName[] = "envknit.interrupts";
constexpr int kMaxRaisingHandlers = 1000;

// Whether the import system is somewhere below: its frames are those of the
// frozen importlib, whatever was being imported, in Python or in C.
bool IsImporting(PyObject* frame) {
  if (!PyFrame_Check(frame)) return false;
  PyRef current = PyRef::Borrow(frame);
  while (current) {
    auto* const here = reinterpret_cast<PyFrameObject*>(current.get());
    PyCodeObject* const code = PyFrame_GetCode(here);
    const bool importing =
        PyUnicode_CompareWithASCIIString(code->co_filename,
                                         "<frozen importlib._bootstrap>") == 0;
    Py_DECREF(code);
    if (importing) return true;
    current = PyRef::Steal(reinterpret_cast<PyObject*>(PyFrame_GetBack(here)));
  }
  return false;
}

}  // namespace

bool Interrupts::Install() {
  static PyMethodDef definition = {"on_interrupt", &Interrupts::OnSignal,
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

bool Interrupts::SetHandler() {
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

void Interrupts::Restore() {
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

void Interrupts::Drain() {
  // The signal was queued before the call's name was cleared; the kernel hands
  // it over at the latest on the way out of a system call.
  ::syscall(SYS_gettid);
  RunHandlers();
}

void Interrupts::RunHandlers() {
  for (int i = 0; i < kMaxRaisingHandlers; ++i) {
    if (PyErr_CheckSignals() == 0) return;
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
      PyErr_Clear();
    } else {
      PyErr_WriteUnraisable(nullptr);
    }
  }
}

PyObject* Interrupts::OnSignal(PyObject* self, PyObject* args) {
  auto* const interrupts =
      static_cast<Interrupts*>(PyCapsule_GetPointer(self, kCapsuleName));
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
