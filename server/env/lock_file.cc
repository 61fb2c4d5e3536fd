#include "server/env/lock_file.h"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/read_file.h"

namespace envknit {
namespace {

// Ten thousand packages make 2 MiB.
constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

std::string GetEnvironmentVariable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Absolute(const std::string& path, const std::string& directory,
                     const PathRoots& roots) {
  std::filesystem::path result = path;
  if (path == "~" || absl::StartsWith(path, "~/")) {
    result = roots.home + path.substr(1);
  }
  if (result.is_relative()) result = directory / result;
  std::string normal = result.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

}  // namespace

PathRoots PathRootsOfProcess() {
  return {GetEnvironmentVariable("HOME"),
          GetEnvironmentVariable("ENVKNIT_HOME")};
}

void ResolvePaths(LockFile& lock, const std::string& directory,
                  const PathRoots& roots) {
  const std::string store =
      roots.envknit_home.empty()
          ? roots.home + "/.envknit"
          : Absolute(roots.envknit_home, directory, roots);
  for (LockFile::Environment& environment : lock.environments) {
    if (absl::StrContains(environment.python, '/')) {
      environment.python = Absolute(environment.python, directory, roots);
    }
    for (LockFile::Package& package : environment.packages) {
      package.install_path =
          package.install_path.empty()
              ? absl::StrCat(store, "/packages/", package.name, "/",
                             package.version)
              : Absolute(package.install_path, directory, roots);
    }
  }
}

absl::StatusOr<LockFile> LoadLockFile(const std::string& path,
                                      const PathRoots& roots) {
  absl::StatusOr<std::string> text = ReadFile(path, kMaxBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<LockFile> lock = ParseLockFile(*text, path);
  if (!lock.ok()) return lock;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat(path, ": no working directory: ", error.message()));
  }
  ResolvePaths(*lock, absolute.parent_path().string(), roots);
  return lock;
}

}  // namespace envknit
