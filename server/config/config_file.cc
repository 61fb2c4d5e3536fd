#include "server/config/config_file.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/nearest_name.h"
#include "server/base/yaml_document.h"
#include "server/config/config_keys.h"

namespace envknit {
namespace {

std::vector<std::string> KnownNames() {
  std::vector<std::string> names = {"version"};
  for (const ConfigKey& key : ConfigKeys()) names.emplace_back(key.name);
  return names;
}

bool IsGroup(absl::string_view name) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (absl::StartsWith(key.name, absl::StrCat(name, "."))) return true;
  }
  return false;
}

class ConfigFileReader final {
 public:
  ConfigFileReader(absl::string_view path, const std::string& directory)
      : path_(path), directory_(directory) {}

  absl::StatusOr<Settings> Read(const YamlNode& root) {
    if (!root.is_map()) {
      return Wrong(root, "expected \"version: 1\" and groups of settings");
    }
    const YamlNode* const version = root.Find("version");
    if (version == nullptr) {
      return YamlError(path_, root, "no \"version\"; expected \"version: 1\"");
    }
    if (!version->is_scalar() || version->scalar() != "1") {
      return Wrong(*version, "expected version 1");
    }
    for (const YamlNode::Entry& entry : root.entries()) {
      if (entry.value.get() == version) continue;
      absl::Status status = ReadEntry("", entry);
      if (!status.ok()) return status;
    }
    return std::move(settings_);
  }

 private:
  absl::Status Wrong(const YamlNode& node, absl::string_view expected) const {
    return YamlError(path_, node,
                     absl::StrCat(expected, ", found ", node.Describe()));
  }

  absl::Status ReadEntry(const std::string& group,
                         const YamlNode::Entry& entry) {
    const std::string name = absl::StrCat(group, entry.key->scalar());
    if (const ConfigKey* const key = FindConfigKey(name)) {
      return ReadValue(*key, *entry.value);
    }
    if (!group.empty() || !IsGroup(name)) {
      return YamlError(path_, *entry.key,
                       absl::StrCat("unknown key \"", name, "\"",
                                    DidYouMean(name, KnownNames())));
    }
    if (entry.value->is_null()) return absl::OkStatus();
    if (!entry.value->is_map()) {
      return Wrong(*entry.value, absl::StrCat("expected the settings of \"",
                                              name, "\" as a mapping"));
    }
    for (const YamlNode::Entry& member : entry.value->entries()) {
      absl::Status status = ReadEntry(name + ".", member);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadValue(const ConfigKey& key, const YamlNode& value) {
    // An empty value says nothing, as if the key weren't there.
    if (value.is_null()) return absl::OkStatus();
    Setting setting;
    setting.origin = absl::StrCat(path_, ":", value.line(), ":", value.column(),
                                  ": ", key.name);
    setting.directory = directory_;
    if (key.kind != ConfigKey::Kind::kPathList) {
      if (!value.is_scalar()) {
        return Wrong(value,
                     absl::StrCat("expected one value for \"", key.name, "\""));
      }
      setting.values.push_back(value.scalar());
    } else if (!value.is_sequence()) {
      return Wrong(value, absl::StrCat("expected a list for \"", key.name,
                                       "\", such as [", key.placeholder, "]"));
    }
    for (const YamlNode::Pointer& item : value.items()) {
      if (!item->is_scalar() || item->scalar().empty()) {
        return Wrong(*item, "expected a path");
      }
      setting.values.push_back(item->scalar());
    }
    settings_[&key] = std::move(setting);
    return absl::OkStatus();
  }

  const absl::string_view path_;
  const std::string& directory_;
  Settings settings_;
};

}  // namespace

absl::StatusOr<Settings> ParseConfigFile(absl::string_view text,
                                         absl::string_view path,
                                         const std::string& directory) {
  absl::StatusOr<YamlNode::Pointer> root = ParseYaml(text, path);
  if (!root.ok()) return root.status();
  return ConfigFileReader(path, directory).Read(**root);
}

}  // namespace envknit
