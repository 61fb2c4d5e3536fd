#ifndef ENVKNIT_SERVER_APP_PROCESS_SETUP_H_
#define ENVKNIT_SERVER_APP_PROCESS_SETUP_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace envknit {

// What this process needs of the kernel, whatever it was started with: open
// standard descriptors (a descriptor of ours must not become stderr), no
// SIGPIPE, SIGTERM and SIGINT blocked for StopSignals, and as many descriptors
// as the hard limit allows, since each worker takes four and each client one.
// Call it first in main, before any thread exists.
absl::Status SetUpProcess();

// Where the workers' modules are: runtime/ beside this executable.
absl::StatusOr<std::string> RuntimeDirectory();

// What is different for every start of a daemon.
struct InstanceId {
  // 16 hexadecimal digits; what clients see.
  std::string name;
  // Upper half of this instance's epochs, never 0.
  uint32_t tag = 0;
};

absl::StatusOr<InstanceId> MakeInstanceId();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_APP_PROCESS_SETUP_H_
