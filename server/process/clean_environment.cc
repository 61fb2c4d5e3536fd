#include "server/process/clean_environment.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace envknit {
namespace {

bool IsAllowed(std::string_view name) {
  for (const std::string_view allowed :
       {"PATH", "HOME", "LANG", "TZ", "TMPDIR"}) {
    if (name == allowed) return true;
  }
  return name.substr(0, 3) == "LC_";
}

}  // namespace

std::vector<std::string> CleanEnvironment(
    const char* const* inherited,
    const std::map<std::string, std::string>& extra) {
  std::map<std::string, std::string> variables = extra;
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
    const std::string_view entry = *inherited;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    if (IsAllowed(name)) variables.emplace(name, entry.substr(equals + 1));
  }
  std::vector<std::string> environment;
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  return environment;
}

}  // namespace envknit
