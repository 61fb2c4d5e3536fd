#ifndef ENVKNIT_SERVER_PROCESS_ORPHAN_REAPER_H_
#define ENVKNIT_SERVER_PROCESS_ORPHAN_REAPER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "server/process/child_registry.h"
#include "server/process/process_scan.h"

namespace envknit {

// Ends what dead workers left behind: processes they started that moved to a
// process group or session of their own, where killing the worker's group
// doesn't reach them. As this process is a child subreaper they become its
// children; they are recognized by the session they are in, or by the tag in
// the environment they inherited. It also reaps orphans that ended by
// themselves, so that they don't stay zombies.
//
// Never touched: registered children (their owner wants the status), and
// children in this process's own session (somebody here started them in another
// way). What clears its environment *and* leaves the session escapes.
//
// Used by the Spawner's thread only.
class OrphanReaper final {
 public:
  explicit OrphanReaper(std::shared_ptr<const ChildRegistry> registry);

  // From now on descendants of these are to be killed.
  void AddDead(std::vector<DeadChild> dead);

  // From now on every orphan is to be killed.
  void KillEverything() { kill_everything_ = true; }

  // One look at all processes. Returns after which time to look again;
  // InfiniteDuration if there is no more to do until a child dies.
  absl::Duration Sweep();

 private:
  struct Target {
    DeadChild child;
    int sweeps_left;
  };

  enum class Verdict { kLives, kDies, kUnclear };

  // Unclear while an orphan's environment can't be read: then look again.
  Verdict Judge(const ProcessEntry& process, bool is_orphan) const;

  // Constant after construction.
  const std::shared_ptr<const ChildRegistry> registry_;
  const pid_t self_;
  const pid_t own_session_;

  std::vector<Target> targets_;
  bool kill_everything_ = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_ORPHAN_REAPER_H_
