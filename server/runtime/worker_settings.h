#ifndef ENVKNIT_SERVER_RUNTIME_WORKER_SETTINGS_H_
#define ENVKNIT_SERVER_RUNTIME_WORKER_SETTINGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/pyvalue/limits.h"

namespace envknit {

// What CONFIGURE said. A plain value, constant afterwards.
struct WorkerSettings {
  uint64_t epoch = 0;
  std::vector<std::string> install_paths;
  std::string runtime_dir;
  ValueLimits limits;
  std::size_t traceback_bytes = std::size_t{64} << 10;
  // That a session may hold; 0 for no bound.
  uint64_t handles = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_WORKER_SETTINGS_H_
