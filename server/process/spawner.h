#ifndef ENVKNIT_SERVER_PROCESS_SPAWNER_H_
#define ENVKNIT_SERVER_PROCESS_SPAWNER_H_

#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/process/child_process.h"
#include "server/process/child_registry.h"
#include "server/process/orphan_reaper.h"
#include "server/process/spawn_spec.h"

namespace envknit {

// Starts every child of this process, from one thread that lives as long as the
// Spawner: the kernel's "parent died" signal follows the *thread* that started
// a child. The same thread ends and reaps what dead children left behind
// (OrphanReaper). Makes this process a child subreaper. Owned by main, one per
// process; outlives everything that holds a ChildProcess's callbacks.
// Thread-safe.
class Spawner final {
 public:
  // Runs on the Spawner's thread; must not block it long.
  using Spawned = absl::AnyInvocable<void(absl::StatusOr<ChildProcess>)>;

  static absl::StatusOr<std::unique_ptr<Spawner>> Create();

  // Kills every child with its group and session, waits (at most a second) for
  // orphans to be gone, and ends the thread. Children not yet reaped stay their
  // owners' to reap. A spawn that has not begun gets CANCELLED.
  ~Spawner();

  // Starts a child, about 1 ms later. Does not block. `done` is called once;
  // its errors are those of StartChild.
  void Spawn(SpawnSpec spec, Spawned done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Job {
    SpawnSpec spec;
    Spawned done;
  };

  Spawner();

  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  void RunJob(Job job);
  void EndEverything();
  void RequestSweep() ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  const std::shared_ptr<ChildRegistry> registry_;
  std::thread thread_;

  // Used by thread_ only.
  OrphanReaper reaper_;
  absl::Duration next_sweep_ = absl::InfiniteDuration();

  absl::Mutex mu_;
  std::vector<Job> jobs_ ABSL_GUARDED_BY(mu_);
  bool sweep_requested_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_SPAWNER_H_
