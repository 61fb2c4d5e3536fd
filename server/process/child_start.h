#ifndef ENVKNIT_SERVER_PROCESS_CHILD_START_H_
#define ENVKNIT_SERVER_PROCESS_CHILD_START_H_

#include <sys/types.h>

#include "absl/status/statusor.h"

#include "server/base/unique_fd.h"
#include "server/process/spawn_spec.h"

namespace envknit {

struct StartedChild {
  pid_t pid;
  UniqueFd pidfd;
};

// Starts the child as a vfork does: memory is shared and the calling thread
// waits until exec, so the price doesn't grow with the daemon and no lock held
// by another thread can hang the child. The child has default signal
// dispositions and no signal blocked, a session of its own, no new privileges,
// no core dumps, and dies with the calling *thread* by
// spec.parent_death_signal.
//
// Errors: NOT_FOUND or PERMISSION_DENIED when the program can't be executed,
// RESOURCE_EXHAUSTED or UNAVAILABLE when the kernel has no process left.
absl::StatusOr<StartedChild> StartChild(const SpawnSpec& spec);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_CHILD_START_H_
