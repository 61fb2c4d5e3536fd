#ifndef ENVKNIT_SERVER_PROCESS_EXIT_STATUS_H_
#define ENVKNIT_SERVER_PROCESS_EXIT_STATUS_H_

#include <string>

#include "absl/types/optional.h"

namespace envknit {

// How a process ended; neither is set when nobody knows.
struct ExitStatus {
  absl::optional<int> code;
  absl::optional<int> signal;
};

// "exit code 3", "signal 11 (Segmentation fault)".
std::string DescribeExit(const ExitStatus& status);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_EXIT_STATUS_H_
