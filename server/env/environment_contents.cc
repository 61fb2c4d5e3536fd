#include "server/env/environment_contents.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

#include "server/env/compiled_files.h"
#include "server/env/dist_info.h"

namespace envknit {
namespace {

namespace fs = std::filesystem;

// Left at the top by packages that mean to keep them to themselves.
constexpr absl::string_view kNoImportNames[] = {
    "benchmarks", "doc", "docs", "example", "examples", "test", "tests"};

bool IsImportName(const std::string& name) {
  return std::find(std::begin(kNoImportNames), std::end(kNoImportNames),
                   name) == std::end(kNoImportNames);
}

// The modules and packages that lie in a directory without any dist-info.
std::set<std::string> NamesLyingIn(const std::string& install_path) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(install_path, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    const std::string name = it->path().filename().string();
    const bool is_package = fs::exists(it->path() / "__init__.py", ignored);
    if (is_package) {
      names.insert(name);
    } else if (absl::EndsWith(name, ".py") || absl::EndsWith(name, ".so")) {
      names.insert(name.substr(0, name.find('.')));
    }
  }
  return names;
}

}  // namespace

EnvironmentContents ReadContents(const Environment& environment) {
  EnvironmentContents contents;
  std::set<std::string> names;
  for (const std::string& path : environment.install_paths) {
    const std::vector<DistInfo> installed = ListDistInfos(path);
    for (const DistInfo& dist_info : installed) {
      for (std::string& name : ImportNames(dist_info)) {
        names.insert(std::move(name));
      }
      contents.has_compiled_files =
          contents.has_compiled_files ||
          FindCExtension(path, dist_info.normalized_name).has_value();
    }
    if (!installed.empty()) continue;
    names.merge(NamesLyingIn(path));
    contents.has_compiled_files =
        contents.has_compiled_files || FindCExtension(path, "").has_value();
  }
  std::copy_if(names.begin(), names.end(),
               std::back_inserter(contents.import_names), IsImportName);
  return contents;
}

}  // namespace envknit
