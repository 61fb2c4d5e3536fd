#ifndef ENVKNIT_SERVER_RUNTIME_INTERRUPTS_H_
#define ENVKNIT_SERVER_RUNTIME_INTERRUPTS_H_

namespace envknit {

// How a running call is stopped by KeyboardInterrupt, and what keeps that from
// reaching another one. Used by the thread that runs calls, with the GIL.
class Interrupts {
 public:
  virtual ~Interrupts() = default;

  // Before a call: makes interrupts work again, whatever user code changed, and
  // takes in those that came before the call, where they have no effect.
  virtual void Restore() = 0;

  // After a call that was interrupted, and that CallTracker knows to be over:
  // what was sent and has not arrived does so now, and is swallowed.
  virtual void Drain() = 0;

  // Runs the handlers of signals that came outside of calls. What they raise
  // goes to stderr. Next to free when there are none.
  virtual void RunHandlers() = 0;

  // Whether an interrupt came while a module was being imported, since the last
  // ForgetImports().
  virtual bool import_was_interrupted() const = 0;
  virtual void ForgetImports() = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_INTERRUPTS_H_
