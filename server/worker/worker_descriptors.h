#ifndef ENVKNIT_SERVER_WORKER_WORKER_DESCRIPTORS_H_
#define ENVKNIT_SERVER_WORKER_WORKER_DESCRIPTORS_H_

#include <vector>

#include "absl/status/statusor.h"

#include "server/base/unique_fd.h"
#include "server/frame/status_page.h"

namespace envknit {

// Numbers of the descriptors in a worker.
inline constexpr int kWorkerCallFd = 3;
inline constexpr int kWorkerControlFd = 4;
inline constexpr int kWorkerStatusFd = 5;

// All that connects the daemon with one worker.
struct WorkerDescriptors {
  // The daemon's ends, non-blocking.
  UniqueFd call;
  UniqueFd control;
  UniqueFd standard_output;
  UniqueFd standard_error;
  StatusPageReader page;

  // The worker's, by number; stdin is empty, which means /dev/null.
  std::vector<UniqueFd> for_worker;
};

// Error (RESOURCE_EXHAUSTED): no descriptors or memory left.
absl::StatusOr<WorkerDescriptors> MakeWorkerDescriptors();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_WORKER_DESCRIPTORS_H_
