#ifndef ENVKNIT_SERVER_WORKER_CONTROL_MESSAGES_H_
#define ENVKNIT_SERVER_WORKER_CONTROL_MESSAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace envknit {

// Messages of protos/envknit/worker/v1/control.proto. What comes from a worker
// is not trusted: texts are bounded and made valid UTF-8 here, once.

struct HelloMessage {
  uint32_t protocol = 0;
  int32_t pid = 0;
  std::string python;
  std::string soabi;
};

// nullopt if `payload` is no such message.
absl::optional<HelloMessage> ParseHello(absl::string_view payload);

// What Configure.limits says; defaults as in the API.
struct WorkerLimits {
  uint64_t message_bytes = 16 * 1024 * 1024;
  uint32_t depth = 40;
  uint32_t elements = 1'000'000;
  uint32_t traceback_bytes = 64 * 1024;
  // Of one session; 0 for no bound.
  uint64_t handles = 0;
};

struct ConfigureMessage {
  uint64_t epoch = 0;
  std::vector<std::string> install_paths;
  std::string runtime_dir;
  WorkerLimits limits;
  std::string environment;
  std::string instance;
};

std::string SerializeConfigure(const ConfigureMessage& message);

// The error a worker's Failure describes, with reason and metadata attached;
// INTERNAL if `payload` is no Failure or names a reason that doesn't exist.
// Never OK. The code is the reason's own, whatever the worker wrote.
absl::Status ParseFailure(absl::string_view payload);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_CONTROL_MESSAGES_H_
