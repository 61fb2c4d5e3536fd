#ifndef ENVKNIT_SERVER_CONFIG_CONFIG_FILE_H_
#define ENVKNIT_SERVER_CONFIG_CONFIG_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/config/setting.h"

namespace envknit {

// Reads a configuration file's text: "version: 1", then the keys of
// config_keys.cc, grouped by what stands before the dot. Pure; `path` names the
// file in errors and origins, `directory` (absolute) is its folder, where its
// relative paths begin. INVALID_ARGUMENT with line and column for no YAML, the
// wrong shape, and unknown keys (with the nearest known one); values aren't
// checked yet.
absl::StatusOr<Settings> ParseConfigFile(absl::string_view text,
                                         absl::string_view path,
                                         const std::string& directory);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_CONFIG_FILE_H_
