#ifndef ENVKNIT_SERVER_PROCESS_CHILD_PROCESS_H_
#define ENVKNIT_SERVER_PROCESS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>

#include "absl/types/optional.h"

#include "server/base/unique_fd.h"
#include "server/process/child_registry.h"
#include "server/process/exit_status.h"

namespace envknit {

// A child that the Spawner started: leader of a session and process group of
// its own. It is known by a pidfd, so no signal ever reaches a process that got
// the same number later. Move-only; its owner gets the exit status, and with
// the owner the process and its group go. Not thread safe.
class ChildProcess final {
 public:
  // Takes a child just started; `registry` knows it already.
  ChildProcess(pid_t pid, UniqueFd pidfd,
               std::shared_ptr<ChildRegistry> registry);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  // Kills the group and waits for the leader's end (immediate after SIGKILL,
  // unless the kernel holds it in a system call).
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Readable once the process ended.
  int pidfd() const { return pidfd_.get(); }
  bool reaped() const { return reaped_; }

  // To the process alone. Nothing once it was reaped.
  void Signal(int signal);

  // SIGKILL to every member of its process group. Nothing once it was reaped.
  void KillGroup();

  // The exit status if the process ended: then what is left of its group is
  // killed, the process is reaped, and the sweep for its other descendants
  // (OrphanReaper) is asked for. nullopt while it lives. Does not block.
  absl::optional<ExitStatus> TryReap();

 private:
  absl::optional<ExitStatus> Reap(int wait_flags);
  void KillAndReap();

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  std::shared_ptr<ChildRegistry> registry_;
  // Also when moved from.
  bool reaped_ = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_CHILD_PROCESS_H_
