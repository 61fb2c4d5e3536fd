#include "server/runtime/async_interrupts.h"

#include <system_error>

#include "server/runtime/import_frames.h"

namespace envknit {
namespace {

// User code may send exceptions of its own; it isn't waited for for ever.
constexpr int kMaxPending = 100;

}  // namespace

bool AsyncInterrupts::Install() {
  target_ = PyThreadState_Get();
  target_id_ = PyThread_get_thread_ident();
  nothing_ = PyRef::Steal(Py_CompileString("", "<drain>", Py_file_input));
  return static_cast<bool>(nothing_);
}

void AsyncInterrupts::Request() {
  const std::lock_guard<std::mutex> lock(mu_);
  if (stopping_) return;
  requested_ = true;
  changed_.notify_one();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this] { DeliverRequests(); });
  } catch (const std::system_error&) {
    // Without a thread the call goes on, and the daemon ends it in its own way.
  }
}

void AsyncInterrupts::Stop() {
  nothing_ = {};
  {
    const std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (!thread_.joinable()) return;
  PyThreadState* const self = PyEval_SaveThread();
  thread_.join();
  PyEval_RestoreThread(self);
}

void AsyncInterrupts::DeliverRequests() {
  PyThreadState* const self =
      PyThreadState_New(PyThreadState_GetInterpreter(target_));
  std::unique_lock<std::mutex> lock(mu_);
  while (true) {
    changed_.wait(lock, [this] { return requested_ || stopping_; });
    if (stopping_) break;
    requested_ = false;
    lock.unlock();
    PyEval_RestoreThread(self);
    tracker_.DeliverInterrupt([this] { Raise(); });
    PyEval_SaveThread();
    lock.lock();
  }
  lock.unlock();
  PyEval_RestoreThread(self);
  PyThreadState_Clear(self);
  PyThreadState_DeleteCurrent();
}

void AsyncInterrupts::Raise() {
  const PyRef frame = PyRef::Steal(
      reinterpret_cast<PyObject*>(PyThreadState_GetFrame(target_)));
  if (frame && IsImporting(frame.get())) {
    import_interrupted_ = true;
    page_.SetImporting(true);
  }
  PyThreadState_SetAsyncExc(target_id_, PyExc_KeyboardInterrupt);
}

void AsyncInterrupts::Drain() {
  // Bytecode takes it in. Taking it back by PyThreadState_SetAsyncExc would
  // leave 3.12 looking for it at every step from then on.
  const PyRef names = PyRef::Steal(PyDict_New());
  for (int i = 0; names && i < kMaxPending; ++i) {
    const PyRef done =
        PyRef::Steal(PyEval_EvalCode(nothing_.get(), names.get(), names.get()));
    if (done) return;
    PyErr_Clear();
  }
}

}  // namespace envknit
