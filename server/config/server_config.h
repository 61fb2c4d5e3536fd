#ifndef ENVKNIT_SERVER_CONFIG_SERVER_CONFIG_H_
#define ENVKNIT_SERVER_CONFIG_SERVER_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "server/base/fd_logger.h"
#include "server/base/log.h"

namespace envknit {

// Everything `envknitd serve` can be told, as values that were checked. Made
// once by LoadServerConfig; main hands each part what it needs. What each field
// means, its unit and its default stand in the table of config_keys.cc, which
// is also what --help prints.
struct ServerConfig {
  struct Listen {
    // Absolute, at most 107 bytes.
    std::string unix_path;
    // The socket's folder when it is one of ours: PrepareSocketDirectory makes
    // and checks it before listening. Empty when the user named the path.
    std::string own_directory;
    // "host:port", empty for none.
    std::string tcp;
  };
  struct Environments {
    // Absolute.
    std::vector<std::string> lock;
    bool allow_inline = false;
    // Absolute.
    std::vector<std::string> python_prefixes;
  };
  struct Pool {
    // 0: no limit.
    int max_workers = 0;
    int queue_calls = 0;
    int64_t queue_bytes = 0;
    absl::Duration idle_timeout;
  };
  struct Deadline {
    absl::Duration default_timeout;
    absl::Duration max;
    absl::Duration grace;
  };
  struct Limits {
    int64_t message_bytes = 0;
    // Of one session; 0: no limit.
    int handles = 0;
  };
  struct Log {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kText;
  };
  // Who started this daemon, if it is one client's own.
  struct Private {
    bool enabled = false;
    // End of a pipe whose EOF is the client's end; -1 for none.
    int death_fd = -1;
    // The client; 0 for none.
    int client_pid = 0;
  };

  Listen listen;
  Environments environments;
  Pool pool;
  Deadline deadline;
  Limits limits;
  Log log;
  absl::Duration start_timeout;
  Private private_mode;
  // Where to write the readiness line; -1 for nowhere.
  int notify_fd = -1;
  // What was probably not meant as it was said; for the log.
  std::vector<std::string> warnings;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_SERVER_CONFIG_H_
