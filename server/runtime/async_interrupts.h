#ifndef ENVKNIT_SERVER_RUNTIME_ASYNC_INTERRUPTS_H_
#define ENVKNIT_SERVER_RUNTIME_ASYNC_INTERRUPTS_H_

#include <Python.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/frame/status_page.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/interrupts.h"

namespace envknit {

// Interrupts of an interpreter that is not the main one: signals don't reach
// it, so KeyboardInterrupt is set as an asynchronous exception of its thread,
// which Python raises before the next step of its bytecode. Whoever sets it
// needs that interpreter's GIL, for which it may wait as long as C code likes;
// so a thread of its own does it, which is started with the first interrupt.
// Owned by the interpreter's thread, which calls everything but Request(), with
// the GIL.
class AsyncInterrupts final : public Interrupts {
 public:
  // Both are borrowed. Install() follows.
  AsyncInterrupts(CallTracker& tracker, StatusPageWriter& page)
      : tracker_(tracker), page_(page) {}
  AsyncInterrupts(const AsyncInterrupts&) = delete;
  AsyncInterrupts& operator=(const AsyncInterrupts&) = delete;
  // After Stop(), without the GIL.
  ~AsyncInterrupts() override = default;

  // For the calling thread and its interpreter. False: a Python exception is
  // set.
  bool Install();

  // Any thread; doesn't wait. An interrupt is due for the call that runs.
  void Request();

  // No request comes any more: ends the thread. Waits until it had the GIL.
  void Stop();

  void Restore() override {}
  void Drain() override;
  void RunHandlers() override {}
  bool import_was_interrupted() const override { return import_interrupted_; }
  void ForgetImports() override { import_interrupted_ = false; }

 private:
  void DeliverRequests();
  // With the GIL, while the call runs.
  void Raise();

  CallTracker& tracker_;
  StatusPageWriter& page_;
  // Set by Install().
  PyThreadState* target_ = nullptr;
  unsigned long target_id_ = 0;
  PyRef nothing_;
  // Guarded by the GIL.
  bool import_interrupted_ = false;

  std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_.
  bool requested_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_ASYNC_INTERRUPTS_H_
