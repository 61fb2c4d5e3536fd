#ifndef ENVKNIT_SERVER_PROCESS_PROCESS_SCAN_H_
#define ENVKNIT_SERVER_PROCESS_PROCESS_SCAN_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace envknit {

// What /proc/PID/stat says of a process.
struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  bool zombie = false;

  bool operator==(const ProcessEntry&) const = default;
};

// Reads one line of /proc/PID/stat; the process's name in it may hold anything,
// blanks and parentheses too. nullopt if it is no such line.
absl::optional<ProcessEntry> ParseProcessStat(absl::string_view line);

// The process of that number; nullopt if there is none.
absl::optional<ProcessEntry> ReadProcess(pid_t pid);

// Every process there is, some 10 µs each. Processes that come and go meanwhile
// may be missing.
std::vector<ProcessEntry> ListProcesses();

// The environment the process was started with, as `name=value` each followed
// by NUL. Nullopt if it may not be asked or is ending; empty also for a moment
// while it replaces its program (exec).
absl::optional<std::string> ReadProcessEnvironment(pid_t pid);

// The value of `name` in such an environment.
absl::optional<std::string> FindVariable(absl::string_view environment,
                                         absl::string_view name);

// The value of `name` in the environment the process was started with; nullopt
// if it has none or may not be asked.
absl::optional<std::string> ReadProcessVariable(pid_t pid,
                                                absl::string_view name);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_PROCESS_SCAN_H_
