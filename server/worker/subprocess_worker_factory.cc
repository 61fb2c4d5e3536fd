#include "server/worker/subprocess_worker_factory.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

#include "server/worker/start_error.h"
#include "server/worker/subprocess_worker.h"
#include "server/worker/worker_start.h"

namespace envknit {

SubprocessWorkerFactory::SubprocessWorkerFactory(
    SubprocessWorkerOptions options, const Dependencies& dependencies)
    : spawner_(dependencies.spawner), shared_(std::make_shared<Shared>()) {
  shared_->options = std::move(options);
  shared_->around = {&shared_->options, dependencies.loop, dependencies.clock,
                     dependencies.logger};
}

SubprocessWorkerFactory::~SubprocessWorkerFactory() {
  // On the loop's thread, where none of their callbacks can be running.
  absl::Notification done;
  shared_->around.loop->Post([this, &done] {
    for (const std::shared_ptr<RunningWorker>& worker : shared_->live.Close()) {
      worker->Abandon();
    }
    done.Notify();
  });
  done.WaitForNotification();
}

void SubprocessWorkerFactory::Start(WorkerSpec spec, WorkerListener* listener,
                                    Started started) {
  EventLoop* const loop = shared_->around.loop;
  const auto fail = [loop, &started](absl::Status why) {
    loop->Post([started = std::move(started), why = std::move(why)]() mutable {
      started(std::move(why));
    });
  };
  const Interpreter& python = spec.environment->interpreter;
  if (!python.has_runtime()) {
    fail(NoRuntimeFor(python));
    return;
  }
  absl::StatusOr<WorkerDescriptors> made = MakeWorkerDescriptors();
  if (!made.ok()) {
    fail(SpawnError(*spec.environment, made.status()));
    return;
  }
  SpawnSpec spawn = RuntimeSpawnSpec(
      python,
      {"--call-fd", absl::StrCat(kWorkerCallFd), "--control-fd",
       absl::StrCat(kWorkerControlFd), "--status-fd",
       absl::StrCat(kWorkerStatusFd)},
      spec.epoch, shared_->options, std::exchange(made->for_worker, {}));
  spawner_->Spawn(
      std::move(spawn),
      [shared = shared_, loop, spec = std::move(spec), listener,
       started = std::move(started), descriptors = *std::move(made)](
          absl::StatusOr<ChildProcess> child) mutable {
        loop->Post([shared = std::move(shared), spec = std::move(spec),
                    listener, started = std::move(started),
                    descriptors = std::move(descriptors),
                    child = std::move(child)]() mutable {
          if (shared->live.closed()) return;
          if (child.ok()) {
            Begin(shared, spec, listener, std::move(started), *std::move(child),
                  std::move(descriptors));
          } else {
            started(SpawnError(*spec.environment, child.status()));
          }
        });
      });
}

void SubprocessWorkerFactory::Begin(const std::shared_ptr<Shared>& shared,
                                    const WorkerSpec& spec,
                                    WorkerListener* listener, Started started,
                                    ChildProcess child,
                                    WorkerDescriptors descriptors) {
  auto worker = std::make_shared<RunningWorker>(
      spec, listener, shared->around, std::move(child), std::move(descriptors));
  if (!shared->live.Add(worker)) return;
  RunningWorker* const running = worker.get();
  running->Start(
      [running, started = std::move(started)](absl::Status status) {
        if (status.ok()) {
          started(
              std::make_unique<SubprocessWorker>(running->shared_from_this()));
        } else {
          started(std::move(status));
        }
      },
      [weak_shared = std::weak_ptr<Shared>(shared), running] {
        const std::shared_ptr<Shared> alive = weak_shared.lock();
        if (alive != nullptr) alive->live.Remove(running->shared_from_this());
      });
}

}  // namespace envknit
