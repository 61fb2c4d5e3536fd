#ifndef ENVKNIT_SERVER_CONFIG_CONFIG_KEYS_H_
#define ENVKNIT_SERVER_CONFIG_CONFIG_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/config/server_config.h"

namespace envknit {

// One setting: its names, its texts for people, and how a value gets into a
// ServerConfig. The table of these is the only list of settings there is;
// flags, environment variables, YAML and --help all read it.
struct ConfigKey {
  enum class Kind {
    kText,
    // Relative paths begin at the configuration file's folder, or the working
    // directory; "~/" expands.
    kPath,
    kPathList,
    // As a flag it needs no value.
    kSwitch,
  };

  // "pool.max_workers"; the part before the dot is the group.
  absl::string_view name;
  // The flag without "--"; empty for the name with '-' for '.' and '_'.
  absl::string_view flag;
  Kind kind;
  // What --help shows for the value: "N".
  absl::string_view placeholder;
  // Applied as if it had been given; empty for none.
  absl::string_view default_value;
  // The default of a private daemon, if it differs; else empty.
  absl::string_view private_default;
  absl::string_view help;
  // Checks the value (one text, or all of a list) and stores it. Errors say
  // what was expected, not where.
  absl::Status (*apply)(const std::vector<std::string>& values,
                        ServerConfig& config);

  std::string Flag() const;
  // "ENVKNITD_POOL_MAX_WORKERS"
  std::string Variable() const;
};

absl::Span<const ConfigKey> ConfigKeys();

// The key of that name; nullptr if there is none.
const ConfigKey* FindConfigKey(absl::string_view name);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_CONFIG_KEYS_H_
