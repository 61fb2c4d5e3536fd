#ifndef ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_FACTORY_H_
#define ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_FACTORY_H_

#include <memory>
#include <vector>

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/process/spawner.h"
#include "server/worker/interpreter_host.h"
#include "server/worker/interpreter_worker_options.h"

namespace envknit {

// Starts workers as interpreters in host processes. A host serves every
// environment of its Python, since an interpreter has modules of its own; the
// oldest with room takes the next one, so that the others empty and end.
// Listeners and `started` are called on the loop's thread. Owned by main.
// Thread-safe.
class InterpreterWorkerFactory final : public WorkerFactory {
 public:
  // Borrowed; all of them, and the loop still running, when the factory goes.
  struct Dependencies {
    Spawner* spawner;
    EventLoop* loop;
    const Clock* clock;
    Logger* logger;
  };

  InterpreterWorkerFactory(InterpreterWorkerOptions options,
                           const Dependencies& dependencies);

  // Kills and reaps the hosts that are left; a start under way gets no answer.
  // Every Worker it made is gone before. Not on the loop's thread.
  ~InterpreterWorkerFactory() override;

  // Errors besides those of WorkerFactory: INTERPRETER_NOT_FOUND when the
  // environment's Python can't be executed.
  void Start(WorkerSpec spec, WorkerListener* listener,
             Started started) override;

 private:
  // Shared, because a start that comes back from the Spawner late may find the
  // factory gone. `hosts` and `closed` are used on the loop's thread.
  struct Shared {
    InterpreterWorkerOptions options;
    InterpreterHost::Surroundings around;
    Spawner* spawner;
    std::vector<std::shared_ptr<InterpreterHost>> hosts;
    bool closed = false;
  };

  static void StartNow(const std::shared_ptr<Shared>& shared, WorkerSpec spec,
                       WorkerListener* listener, Started started);
  // A new one, whose process is being started; null, and why, if the machine
  // has no descriptors left.
  static absl::StatusOr<std::shared_ptr<InterpreterHost>> SpawnHost(
      const std::shared_ptr<Shared>& shared, const WorkerSpec& spec);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_FACTORY_H_
