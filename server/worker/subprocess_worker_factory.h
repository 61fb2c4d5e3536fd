#ifndef ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_FACTORY_H_
#define ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_FACTORY_H_

#include <memory>

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/process/spawner.h"
#include "server/worker/live_workers.h"
#include "server/worker/subprocess_worker_options.h"

namespace envknit {

// Starts workers as processes: spawn, handshake, done, each phase with its
// deadline. Listeners and `started` are called on the loop's thread. Owned by
// main. Thread-safe.
class SubprocessWorkerFactory final : public WorkerFactory {
 public:
  // Borrowed; all of them, and the loop still running, when the factory goes.
  struct Dependencies {
    Spawner* spawner;
    EventLoop* loop;
    const Clock* clock;
    Logger* logger;
  };

  SubprocessWorkerFactory(SubprocessWorkerOptions options,
                          const Dependencies& dependencies);

  // Kills and reaps the processes that are left; a start under way gets no
  // answer. Every Worker it made is gone before. Not on the loop's thread.
  ~SubprocessWorkerFactory() override;

  // Errors besides those of WorkerFactory: INTERPRETER_NOT_FOUND when the
  // environment's Python can't be executed.
  void Start(WorkerSpec spec, WorkerListener* listener,
             Started started) override;

 private:
  // Constant after construction. Shared, because a start that comes back from
  // the Spawner late may find the factory gone.
  struct Shared {
    SubprocessWorkerOptions options;
    RunningWorker::Surroundings around;
    LiveWorkers live;
  };

  static void Begin(const std::shared_ptr<Shared>& shared,
                    const WorkerSpec& spec, WorkerListener* listener,
                    Started started, ChildProcess child,
                    WorkerDescriptors descriptors);

  Spawner* const spawner_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_FACTORY_H_
