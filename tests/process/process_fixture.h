#ifndef ENVKNIT_TESTS_PROCESS_PROCESS_FIXTURE_H_
#define ENVKNIT_TESTS_PROCESS_PROCESS_FIXTURE_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/base/unique_fd.h"
#include "server/process/child_process.h"
#include "server/process/exit_status.h"
#include "server/process/spawn_spec.h"
#include "server/process/spawner.h"

namespace envknit {

// `sh -c script` with its stdout in a pipe.
struct ShellChild {
  SpawnSpec spec;
  // Read end of the child's stdout.
  UniqueFd output;
};
ShellChild MakeShell(const std::string& script);

// Spawns and waits for the answer.
absl::StatusOr<ChildProcess> SpawnAndWait(Spawner& spawner, SpawnSpec spec);

// Waits for the end, killing the child (and failing the test) after `limit`.
ExitStatus WaitForEnd(ChildProcess& child,
                      absl::Duration limit = absl::Seconds(10));

// Reads up to the next newline; blocks.
std::string ReadLine(int fd);
std::string ReadAll(int fd);

// Asks again and again until `condition` holds; false after `limit`.
bool Eventually(const std::function<bool()>& condition,
                absl::Duration limit = absl::Seconds(10));

// Whether a process of that number is there and is no zombie.
bool IsAlive(pid_t pid);
// Zombies among the children of this process.
std::vector<pid_t> Zombies();
int OpenDescriptors();

}  // namespace envknit

#endif  // ENVKNIT_TESTS_PROCESS_PROCESS_FIXTURE_H_
