#ifndef ENVKNIT_SERVER_CONFIG_FLAG_PARSER_H_
#define ENVKNIT_SERVER_CONFIG_FLAG_PARSER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "server/config/server_config.h"
#include "server/config/setting.h"

namespace envknit {

// What stands on the command line of `envknitd serve`.
struct ServeFlags {
  Settings settings;
  // --config; empty for none.
  std::string config_file;
  bool insecure_tcp = false;
  ServerConfig::Private private_mode;
  int notify_fd = -1;
  // --help
  bool help = false;
};

// A flag that has no key: it belongs to one start, not to a configuration.
struct ServeOnlyFlag {
  absl::string_view name;
  // Empty for a switch.
  absl::string_view placeholder;
  absl::string_view help;
  absl::Status (*apply)(const std::string& value, ServeFlags& flags);
};

absl::Span<const ServeOnlyFlag> ServeOnlyFlags();

// Reads the words after `serve`: "--flag VALUE", "--flag=VALUE", "--switch". Of
// a flag given twice the last wins, except for lists, which grow.
// INVALID_ARGUMENT, naming the nearest flag, for anything else; values of keys
// aren't checked yet. `directory` is the working directory.
absl::StatusOr<ServeFlags> ParseServeFlags(
    const std::vector<std::string>& arguments, const std::string& directory);

// What `envknitd serve --help` prints: examples, then every flag by group with
// its default.
std::string ServeHelp();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_FLAG_PARSER_H_
