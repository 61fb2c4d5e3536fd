#ifndef ENVKNIT_SERVER_WORKER_WORKER_DESCRIPTORS_H_
#define ENVKNIT_SERVER_WORKER_WORKER_DESCRIPTORS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/base/unique_fd.h"
#include "server/frame/status_page.h"

namespace envknit {

// Numbers of the descriptors in a worker …
inline constexpr int kWorkerCallFd = 3;
inline constexpr int kWorkerControlFd = 4;
inline constexpr int kWorkerStatusFd = 5;
// … and in an interpreter host.
inline constexpr int kHostDescriptorFd = 3;
inline constexpr int kHostControlFd = 4;

// The daemon's ends of what connects it with a process; all non-blocking.
struct ProcessDescriptors {
  UniqueFd control;
  UniqueFd standard_output;
  UniqueFd standard_error;
};

// The daemon's ends of what carries a worker's calls; non-blocking.
struct CallDescriptors {
  UniqueFd call;
  StatusPageReader page;
};

// All that connects the daemon with a worker that is a process.
struct WorkerDescriptors {
  ProcessDescriptors process;
  CallDescriptors calls;
  // The worker's, by number; stdin is empty, which means /dev/null.
  std::vector<UniqueFd> for_worker;
};

// All that connects it with a host of interpreters.
struct HostDescriptors {
  ProcessDescriptors process;
  // The descriptor channel, non-blocking.
  UniqueFd passing;
  std::vector<UniqueFd> for_host;
};

// What an interpreter in a host has of its own.
struct InterpreterDescriptors {
  CallDescriptors calls;
  UniqueFd call_for_host;
  UniqueFd page_for_host;
};

// Error of each (RESOURCE_EXHAUSTED): no descriptors or memory left.
absl::StatusOr<WorkerDescriptors> MakeWorkerDescriptors();
absl::StatusOr<HostDescriptors> MakeHostDescriptors();
absl::StatusOr<InterpreterDescriptors> MakeInterpreterDescriptors();

// Sends an interpreter's number and descriptors as one packet of the descriptor
// channel; both stay the caller's. Error (UNAVAILABLE): the host is gone, or
// takes no more.
absl::Status PassDescriptors(const UniqueFd& passing, uint16_t interpreter,
                             const UniqueFd& call, const UniqueFd& page);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_WORKER_DESCRIPTORS_H_
