#ifndef ENVKNIT_SERVER_APP_COMMAND_LINE_H_
#define ENVKNIT_SERVER_APP_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "server/config/load_server_config.h"
#include "server/config/server_config.h"

namespace envknit {

// Exit codes of every command.
inline constexpr int kExitClean = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// What a command line asks for: either a daemon with this configuration, or
// nothing more than a text and an exit code.
struct Command {
  bool serve = false;
  ServerConfig config;
  // To stdout if the exit code is 0, else to stderr.
  std::string text;
  int exit_code = kExitClean;
};

// Reads the words after the program's name, and for `serve` the configuration.
Command ParseCommandLine(const std::vector<std::string>& arguments,
                         const ProcessContext& context);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_APP_COMMAND_LINE_H_
