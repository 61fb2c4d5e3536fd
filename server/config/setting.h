#ifndef ENVKNIT_SERVER_CONFIG_SETTING_H_
#define ENVKNIT_SERVER_CONFIG_SETTING_H_

#include <map>
#include <string>
#include <vector>

#include "server/config/config_keys.h"

namespace envknit {

// What one source said about one key, before it was checked.
struct Setting {
  // One text, or the elements of a list.
  std::vector<std::string> values;
  // Where it was said: "--pool-max-workers", "ENVKNITD_LOG_LEVEL",
  // "envknitd.yaml:3:5: log.level". Begins the error if the value is wrong.
  std::string origin;
  // What relative paths are relative to; absolute.
  std::string directory;
};

// By key; a source holds only what it mentions.
using Settings = std::map<const ConfigKey*, Setting>;

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_SETTING_H_
