#ifndef ENVKNIT_SERVER_PROCESS_SPAWN_SPEC_H_
#define ENVKNIT_SERVER_PROCESS_SPAWN_SPEC_H_

#include <string>
#include <vector>

#include "server/base/unique_fd.h"

namespace envknit {

// The environment variable that holds SpawnSpec::tag. What a worker starts
// inherits it, so it can be found even after it left group and session.
inline constexpr char kTagVariable[] = "ENVKNIT_WORKER";

// What to start.
struct SpawnSpec {
  // Absolute path; also argv[0].
  std::string program;
  std::vector<std::string> arguments;
  // All of it, as "NAME=value".
  std::vector<std::string> environment;
  // Names this child among all of this daemon; added to its environment.
  std::string tag;
  // Descriptor i of the child is descriptors[i], /dev/null where that is
  // empty; it has no others. At least three.
  std::vector<UniqueFd> descriptors;
  // Sent to the child when this process dies; 0 for none.
  int parent_death_signal = 0;
  // How much sooner than this process the kernel should kill it when memory
  // runs out, 0–1000.
  int oom_score_adj = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_SPAWN_SPEC_H_
