#ifndef ENVKNIT_SERVER_CONFIG_LOAD_SERVER_CONFIG_H_
#define ENVKNIT_SERVER_CONFIG_LOAD_SERVER_CONFIG_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "server/config/flag_parser.h"
#include "server/config/server_config.h"
#include "server/config/setting.h"

namespace envknit {

// What the process was given, passed in so that tests can choose it.
struct ProcessContext {
  std::map<std::string, std::string> environment;
  // Absolute.
  std::string working_directory;
  uid_t uid = 0;
  pid_t pid = 0;
};

// That of this process.
ProcessContext ReadProcessContext();

// The configuration of `envknitd serve`: flags, else ENVKNITD_* variables, else
// the YAML file of --config, else defaults; every value checked, every path
// absolute. Reads that one file and touches nothing else (the socket's folder
// is made by PrepareSocketDirectory). Errors: INVALID_ARGUMENT for everything
// that was said wrongly (exit code 2), others for a file that can't be read
// (exit code 1).
absl::StatusOr<ServerConfig> LoadServerConfig(const ServeFlags& flags,
                                              const ProcessContext& context);

// 2 for INVALID_ARGUMENT (usage), else 1.
int ExitCodeOf(const absl::Status& status);

// The settings in ENVKNITD_* variables. One that is no key is only warned
// about: Kubernetes invents ENVKNITD_PORT and the like for a service of that
// name. Empty ones count as unset; lists are separated by colons.
Settings ReadEnvironmentSettings(const ProcessContext& context,
                                 std::vector<std::string>& warnings);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_LOAD_SERVER_CONFIG_H_
