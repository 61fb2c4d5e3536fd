#include "server/worker/interpreter_worker_factory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

#include "server/worker/start_error.h"
#include "server/worker/worker_start.h"

namespace envknit {

InterpreterWorkerFactory::InterpreterWorkerFactory(
    InterpreterWorkerOptions options, const Dependencies& dependencies)
    : shared_(std::make_shared<Shared>()) {
  shared_->options = std::move(options);
  shared_->around = {&shared_->options, dependencies.loop, dependencies.clock,
                     dependencies.logger};
  shared_->spawner = dependencies.spawner;
}

InterpreterWorkerFactory::~InterpreterWorkerFactory() {
  // On the loop's thread, where none of their callbacks can be running.
  absl::Notification done;
  shared_->around.loop->Post([this, &done] {
    shared_->closed = true;
    for (const std::shared_ptr<InterpreterHost>& host :
         std::exchange(shared_->hosts, {})) {
      host->Abandon();
    }
    done.Notify();
  });
  done.WaitForNotification();
}

void InterpreterWorkerFactory::Start(WorkerSpec spec, WorkerListener* listener,
                                     Started started) {
  shared_->around.loop->Post([shared = shared_, spec = std::move(spec),
                              listener,
                              started = std::move(started)]() mutable {
    if (shared->closed) return;
    StartNow(shared, std::move(spec), listener, std::move(started));
  });
}

void InterpreterWorkerFactory::StartNow(const std::shared_ptr<Shared>& shared,
                                        WorkerSpec spec,
                                        WorkerListener* listener,
                                        Started started) {
  const Interpreter& python = spec.environment->interpreter;
  if (!python.has_runtime()) return started(NoRuntimeFor(python));
  const auto with_room = std::find_if(
      shared->hosts.begin(), shared->hosts.end(),
      [&python](const std::shared_ptr<InterpreterHost>& host) {
        return host->python().path == python.path &&
               host->python().runtime_path == python.runtime_path &&
               host->TakesMore();
      });
  std::shared_ptr<InterpreterHost> host;
  if (with_room != shared->hosts.end()) {
    host = *with_room;
  } else {
    absl::StatusOr<std::shared_ptr<InterpreterHost>> spawned =
        SpawnHost(shared, spec);
    if (!spawned.ok()) {
      return started(SpawnError(*spec.environment, spawned.status()));
    }
    host = *std::move(spawned);
  }
  host->Open(std::move(spec), listener, std::move(started));
}

absl::StatusOr<std::shared_ptr<InterpreterHost>>
InterpreterWorkerFactory::SpawnHost(const std::shared_ptr<Shared>& shared,
                                    const WorkerSpec& spec) {
  absl::StatusOr<HostDescriptors> made = MakeHostDescriptors();
  if (!made.ok()) return made.status();
  const Interpreter& python = spec.environment->interpreter;
  auto host = std::make_shared<InterpreterHost>(
      python, shared->around,
      [weak_shared = std::weak_ptr<Shared>(shared)](InterpreterHost* ended) {
        const std::shared_ptr<Shared> alive = weak_shared.lock();
        if (alive == nullptr) return;
        std::erase_if(alive->hosts,
                      [ended](const std::shared_ptr<InterpreterHost>& other) {
                        return other.get() == ended;
                      });
      });
  shared->hosts.push_back(host);
  SpawnSpec spawn = RuntimeSpawnSpec(
      python,
      {"--host", "--descriptor-fd", absl::StrCat(kHostDescriptorFd),
       "--control-fd", absl::StrCat(kHostControlFd)},
      spec.epoch, shared->options.process, std::exchange(made->for_host, {}));
  EventLoop* const loop = shared->around.loop;
  shared->spawner->Spawn(
      std::move(spawn),
      [shared = shared, loop, host, descriptors = *std::move(made)](
          absl::StatusOr<ChildProcess> child) mutable {
        loop->Post([shared = std::move(shared), host = std::move(host),
                    descriptors = std::move(descriptors),
                    child = std::move(child)]() mutable {
          if (shared->closed) return;
          host->OnSpawned(std::move(child), std::move(descriptors.process),
                          std::move(descriptors.passing));
        });
      });
  return host;
}

}  // namespace envknit
