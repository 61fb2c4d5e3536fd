#ifndef ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_H_
#define ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_H_

#include <memory>
#include <utility>

#include "envknit/worker.h"
#include "server/worker/hosted_interpreter.h"
#include "server/worker/interpreter_host.h"

namespace envknit {

// A worker that is an interpreter in a host process, beside others. The pool's
// end of a HostedInterpreter; letting it go closes the interpreter. Kill() ends
// the whole host: nothing else stops code that ignores an interrupt.
// Thread-safe.
class InterpreterWorker final : public Worker {
 public:
  InterpreterWorker(std::shared_ptr<InterpreterHost> host,
                    std::shared_ptr<HostedInterpreter> interpreter)
      : host_(std::move(host)), interpreter_(std::move(interpreter)) {}
  ~InterpreterWorker() override {
    interpreter_->calls->Abandon();
    Stop();
  }

  const WorkerInfo& info() const override { return interpreter_->info; }
  void Submit(WorkerCall call) override {
    interpreter_->calls->Submit(std::move(call), info().pid);
  }
  void Cancel(CallId id) override { host_->Cancel(*interpreter_, id); }
  // Of all interpreters in the host: one signal reaches all their threads.
  void DumpStack() override { host_->DumpStack(); }
  void Kill() override { host_->KillFor(*interpreter_); }
  void Stop() override { host_->CloseSoon(interpreter_); }
  CallProgress Progress(CallId id) const override {
    return interpreter_->calls->Progress(id);
  }
  uint64_t HandlesHeld() const override {
    return interpreter_->calls->HandlesHeld();
  }

 private:
  const std::shared_ptr<InterpreterHost> host_;
  const std::shared_ptr<HostedInterpreter> interpreter_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_H_
