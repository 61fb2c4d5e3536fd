#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "server/base/yaml_document.h"
#include "server/env/lock_file.h"
#include "server/env/package_name.h"

namespace envknit {
namespace {

constexpr int kSupportedMajor = 1;

// Walks the tree of one lock file. Each Read… takes a node and either fills in
// its value or says what is wrong with it.
class LockParser final {
 public:
  explicit LockParser(absl::string_view path) : path_(path) {}

  absl::StatusOr<LockFile> Parse(absl::string_view text) const {
    absl::StatusOr<YamlNode::Pointer> root = ParseYaml(text, path_);
    if (!root.ok()) return root.status();
    if (!(*root)->is_map()) {
      return Wrong(**root, "expected a mapping with the key \"environments\"");
    }
    LockFile lock;
    lock.path = std::string(path_);
    absl::Status status = ReadSchemaVersion(**root, lock);
    if (status.ok()) status = ReadEnvironments(**root, lock);
    if (!status.ok()) return status;
    return lock;
  }

 private:
  absl::Status Error(const YamlNode& node, absl::string_view message) const {
    return YamlError(path_, node, message);
  }

  absl::Status Wrong(const YamlNode& node, absl::string_view expected) const {
    return Error(node, absl::StrCat(expected, ", found ", node.Describe()));
  }

  // The value of `key`, or nullptr if it is absent or empty.
  static const YamlNode* Find(const YamlNode& map, absl::string_view key) {
    const YamlNode* const node = map.Find(key);
    return node == nullptr || node->is_null() ? nullptr : node;
  }

  absl::Status ReadSchemaVersion(const YamlNode& root, LockFile& lock) const {
    lock.schema_version = "1.0";
    const YamlNode* const node = Find(root, "schema_version");
    if (node == nullptr) return absl::OkStatus();
    const std::string& text = node->scalar();
    int major = 0;
    if (!node->is_scalar() ||
        !absl::SimpleAtoi(text.substr(0, text.find('.')), &major) ||
        major < 0) {
      return Wrong(*node, "expected a schema version such as \"1.0\"");
    }
    if (major > kSupportedMajor) {
      return absl::UnimplementedError(
          Error(*node, absl::StrCat("schema version ", text,
                                    " is newer than this version of envknit "
                                    "reads (1.x); upgrade envknit"))
              .message());
    }
    lock.schema_version = text;
    return absl::OkStatus();
  }

  absl::Status ReadEnvironments(const YamlNode& root, LockFile& lock) const {
    if (const YamlNode* const environments = root.Find("environments")) {
      if (environments->is_null()) return absl::OkStatus();
      if (!environments->is_map()) {
        return Wrong(*environments,
                     "expected a mapping from names to lists of packages");
      }
      for (const YamlNode::Entry& entry : environments->entries()) {
        absl::Status status =
            ReadEnvironment(*entry.key, *entry.value, lock.environments);
        if (!status.ok()) return status;
      }
      return absl::OkStatus();
    }
    if (const YamlNode* const packages = root.Find("packages")) {
      lock.environments.push_back({"default", "", {}});
      return ReadPackages(*packages, lock.environments.back().packages);
    }
    return Error(root,
                 "neither \"environments\" nor \"packages\" is here; expected "
                 "\"environments: {name: [package, …]}\"");
  }

  absl::Status ReadEnvironment(
      const YamlNode& name, const YamlNode& body,
      std::vector<LockFile::Environment>& environments) const {
    if (name.scalar().empty()) {
      return Error(name, "expected the name of an environment, found \"\"");
    }
    LockFile::Environment& environment = environments.emplace_back();
    environment.name = name.scalar();
    if (!body.is_map()) return ReadPackages(body, environment.packages);
    if (const YamlNode* const python = Find(body, "python")) {
      absl::Status status = ReadPython(*python, environment.python);
      if (!status.ok()) return status;
    }
    const YamlNode* const packages = body.Find("packages");
    if (packages == nullptr) {
      return Error(body, absl::StrCat("environment \"", environment.name,
                                      "\" has no \"packages\"; expected a "
                                      "list of packages"));
    }
    return ReadPackages(*packages, environment.packages);
  }

  absl::Status ReadPython(const YamlNode& node, std::string& python) const {
    const std::string& text = node.scalar();
    const bool is_path = absl::StrContains(text, '/');
    const bool is_version =
        !text.empty() && text.front() != '.' && text.back() != '.' &&
        absl::StrContains(text, '.') && !absl::StrContains(text, "..") &&
        std::all_of(text.begin(), text.end(), [](char c) {
          return c == '.' || absl::ascii_isdigit(static_cast<unsigned char>(c));
        });
    if (!node.is_scalar() || absl::StrContains(text, '\0') ||
        (!is_path && !is_version)) {
      return Wrong(node, "expected a Python version such as 3.11, or a path");
    }
    python = text;
    return absl::OkStatus();
  }

  absl::Status ReadPackages(const YamlNode& node,
                            std::vector<LockFile::Package>& packages) const {
    if (node.is_null()) return absl::OkStatus();
    if (!node.is_sequence()) return Wrong(node, "expected a list of packages");
    std::set<std::string> seen;
    for (const YamlNode::Pointer& item : node.items()) {
      LockFile::Package package;
      absl::Status status = ReadPackage(*item, package);
      if (!status.ok()) return status;
      // A repeated entry says nothing new, and would count twice.
      if (seen.insert(package.normalized_name + "\n" + package.version)
              .second) {
        packages.push_back(std::move(package));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadPackage(const YamlNode& node,
                           LockFile::Package& package) const {
    if (!node.is_map()) {
      return Wrong(node,
                   "expected a package with \"name\" and \"version\", such as "
                   "{name: numpy, version: 1.26.4}");
    }
    package.line = node.line();
    absl::Status status = ReadRequired(node, "name", package.name);
    if (!status.ok()) return status;
    if (!IsPackageName(package.name)) {
      return Wrong(*node.Find("name"),
                   "expected a package name of letters, digits, '-', '_', '.'");
    }
    package.normalized_name = NormalizePackageName(package.name);
    status = ReadRequired(node, "version", package.version);
    if (!status.ok()) return status;
    if (!IsPackageVersion(package.version)) {
      return Wrong(*node.Find("version"), "expected a version such as 1.26.4");
    }
    status = ReadText(node, "install_path", package.install_path);
    if (!status.ok()) return status;
    if (const YamlNode* const dev = Find(node, "dev")) {
      status = ReadBoolean(*dev, package.dev);
      if (!status.ok()) return status;
    }
    // These are only handed on, so that a newer file may put more into them.
    for (const auto& [key, target] :
         {std::make_pair("backend", &package.backend),
          std::make_pair("source", &package.source),
          std::make_pair("sha256", &package.sha256)}) {
      const YamlNode* const value = Find(node, key);
      if (value != nullptr && value->is_scalar()) *target = value->scalar();
    }
    const YamlNode* const dependencies = Find(node, "dependencies");
    if (dependencies == nullptr) return absl::OkStatus();
    return ReadDependencies(*dependencies, package.dependencies);
  }

  absl::Status ReadRequired(const YamlNode& map, absl::string_view key,
                            std::string& text) const {
    if (Find(map, key) == nullptr) {
      return Error(map, absl::StrCat("package without \"", key,
                                     "\"; expected \"", key, ": …\""));
    }
    return ReadText(map, key, text);
  }

  absl::Status ReadText(const YamlNode& map, absl::string_view key,
                        std::string& text) const {
    const YamlNode* const node = Find(map, key);
    if (node == nullptr) return absl::OkStatus();
    if (!node->is_scalar() || node->scalar().empty() ||
        absl::StrContains(node->scalar(), '\0')) {
      return Wrong(*node, absl::StrCat("expected a text for \"", key, "\""));
    }
    text = node->scalar();
    return absl::OkStatus();
  }

  absl::Status ReadBoolean(const YamlNode& node, bool& value) const {
    const std::string text = absl::AsciiStrToLower(node.scalar());
    if (!node.is_scalar() || (text != "true" && text != "false")) {
      return Wrong(node, "expected true or false");
    }
    value = text == "true";
    return absl::OkStatus();
  }

  absl::Status ReadDependencies(
      const YamlNode& node,
      std::vector<LockFile::Dependency>& dependencies) const {
    if (!node.is_sequence()) {
      return Wrong(node, "expected a list of dependencies");
    }
    for (const YamlNode::Pointer& item : node.items()) {
      LockFile::Dependency& dependency = dependencies.emplace_back();
      if (item->is_map()) {
        absl::Status status = ReadRequired(*item, "name", dependency.name);
        if (status.ok()) {
          status = ReadText(*item, "constraint", dependency.constraint);
        }
        if (!status.ok()) return status;
      } else if (item->is_scalar()) {
        // "numpy>=1.22": the name ends where the constraint, extras or marker
        // begin.
        const absl::string_view text = item->scalar();
        const std::size_t end =
            std::min(text.find_first_of(" \t<>=!~;[(@"), text.size());
        dependency.name = std::string(text.substr(0, end));
        dependency.constraint =
            std::string(absl::StripAsciiWhitespace(text.substr(end)));
      }
      if (!IsPackageName(dependency.name)) {
        return Wrong(*item,
                     "expected a dependency such as \"numpy>=1.22\" or {name: "
                     "numpy, constraint: \">=1.22\"}");
      }
    }
    return absl::OkStatus();
  }

  const absl::string_view path_;
};

}  // namespace

absl::StatusOr<LockFile> ParseLockFile(absl::string_view text,
                                       absl::string_view path) {
  return LockParser(path).Parse(text);
}

}  // namespace envknit
