#ifndef ENVKNIT_SERVER_PROCESS_CHILD_REGISTRY_H_
#define ENVKNIT_SERVER_PROCESS_CHILD_REGISTRY_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace envknit {

// A child that was reaped, whose descendants may still be there.
struct DeadChild {
  // Was the id of its session and process group too.
  pid_t pid;
  // Value of kTagVariable in its environment; empty for none.
  std::string tag;
};

// Which children of this process have an owner that wants their exit status,
// so that the reaper of orphans keeps its hands off them. Shared by the Spawner
// and its ChildProcesses. Thread-safe.
class ChildRegistry final {
 public:
  // `on_death` runs after each Remove, in the thread that removes.
  explicit ChildRegistry(std::function<void()> on_death)
      : on_death_(std::move(on_death)) {}

  void Add(pid_t pid, std::string tag) ABSL_LOCKS_EXCLUDED(mu_);

  // The owner reaped `pid`: it moves to the dead.
  void Remove(pid_t pid) ABSL_LOCKS_EXCLUDED(mu_);

  bool Contains(pid_t pid) const ABSL_LOCKS_EXCLUDED(mu_);
  bool Empty() const ABSL_LOCKS_EXCLUDED(mu_);

  // Those that died since the last call.
  std::vector<DeadChild> TakeDead() ABSL_LOCKS_EXCLUDED(mu_);

  // SIGKILL to the process group of every child.
  void KillAll() const ABSL_LOCKS_EXCLUDED(mu_);

  // The callback is never run after this returns.
  void ForgetCallback() ABSL_LOCKS_EXCLUDED(callback_mu_);

 private:
  mutable absl::Mutex mu_;
  absl::flat_hash_map<pid_t, std::string> tags_ ABSL_GUARDED_BY(mu_);
  std::vector<DeadChild> dead_ ABSL_GUARDED_BY(mu_);

  absl::Mutex callback_mu_;
  std::function<void()> on_death_ ABSL_GUARDED_BY(callback_mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_CHILD_REGISTRY_H_
