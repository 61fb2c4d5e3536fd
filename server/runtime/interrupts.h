#ifndef ENVKNIT_SERVER_RUNTIME_INTERRUPTS_H_
#define ENVKNIT_SERVER_RUNTIME_INTERRUPTS_H_

#include <Python.h>

#include <signal.h>

#include "server/frame/status_page.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/call_tracker.h"

namespace envknit {

// SIGINT, as the daemon uses it: the handler that turns it into
// KeyboardInterrupt for the call that runs, and what keeps it in force. Python
// installs none of its own when SIGINT was inherited ignored, as it is below a
// shell's background job; and user code may replace, ignore or block it. Owned
// by the runtime; main thread with the GIL only.
class Interrupts final {
 public:
  // Both are borrowed. Install() follows.
  Interrupts(CallTracker& tracker, StatusPageWriter& page)
      : tracker_(tracker), page_(page) {}
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // False: a Python exception is set.
  bool Install();

  // Before a call: puts the handler back and unblocks SIGINT if user code
  // changed that, and runs the handlers of signals that came before the call,
  // where an interrupt has no effect.
  void Restore();

  // After a call (End() was called): a signal that was sent arrives now and is
  // swallowed.
  void Drain();

  // Runs the handlers of signals that came outside of calls. What they raise
  // goes to stderr. Next to free when there are none.
  void RunHandlers();

  // Whether the call was interrupted while a module was being imported, since
  // the last ForgetImports().
  bool import_was_interrupted() const { return import_interrupted_; }
  void ForgetImports() { import_interrupted_ = false; }

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

#endif  // ENVKNIT_SERVER_RUNTIME_INTERRUPTS_H_
