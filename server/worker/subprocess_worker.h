#ifndef ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_H_
#define ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_H_

#include <memory>
#include <utility>

#include "envknit/worker.h"
#include "server/worker/running_worker.h"

namespace envknit {

// A worker that is a process of its own: the environment's own interpreter with
// our runtime module. The pool's end of a RunningWorker; letting it go kills
// the process. Thread-safe.
class SubprocessWorker final : public Worker {
 public:
  explicit SubprocessWorker(std::shared_ptr<RunningWorker> running)
      : running_(std::move(running)) {}
  ~SubprocessWorker() override { running_->Abandon(); }

  const WorkerInfo& info() const override { return running_->info(); }
  void Submit(WorkerCall call) override { running_->Submit(std::move(call)); }
  void Cancel(CallId id) override { running_->Cancel(id); }
  void DumpStack() override { running_->DumpStack(); }
  void Kill() override { running_->Kill(); }
  void Stop() override { running_->Stop(); }
  CallProgress Progress(CallId id) const override {
    return running_->Progress(id);
  }
  uint64_t HandlesHeld() const override { return running_->HandlesHeld(); }

 private:
  const std::shared_ptr<RunningWorker> running_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_H_
