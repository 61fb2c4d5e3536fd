#ifndef ENVKNIT_SERVER_RUNTIME_SIGNAL_INTERRUPTS_H_
#define ENVKNIT_SERVER_RUNTIME_SIGNAL_INTERRUPTS_H_

#include <Python.h>

#include <signal.h>

#include "server/frame/status_page.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/interrupts.h"

namespace envknit {

// SIGINT, as the daemon uses it: the handler that turns it into
// KeyboardInterrupt for the call that runs, and what keeps it in force. Python
// installs none of its own when SIGINT was inherited ignored, as it is below a
// shell's background job; and user code may replace, ignore or block it. Owned
// by the runtime; main thread with the GIL only.
class SignalInterrupts final : public Interrupts {
 public:
  // Both are borrowed. Install() follows.
  SignalInterrupts(CallTracker& tracker, StatusPageWriter& page)
      : tracker_(tracker), page_(page) {}
  SignalInterrupts(const SignalInterrupts&) = delete;
  SignalInterrupts& operator=(const SignalInterrupts&) = delete;

  // False: a Python exception is set.
  bool Install();

  // Puts the handler back and unblocks SIGINT.
  void Restore() override;
  void Drain() override;
  void RunHandlers() override;
  bool import_was_interrupted() const override { return import_interrupted_; }
  void ForgetImports() override { import_interrupted_ = false; }

 private:
  static PyObject* OnSignal(PyObject* self, PyObject* args);
  bool SetHandler();

  CallTracker& tracker_;
  StatusPageWriter& page_;
  PyRef handler_;
  PyRef number_;
  PyRef get_;
  PyRef set_;
  // CPython's own C handler, as installed by SetHandler().
  void (*c_handler_)(int) = nullptr;
  bool import_interrupted_ = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_SIGNAL_INTERRUPTS_H_
