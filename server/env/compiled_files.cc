#include "server/env/compiled_files.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/env/dist_info.h"
#include "server/env/package_name.h"

namespace envknit {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxAbiDepth = 4;
constexpr std::size_t kMaxAbiEntries = 20'000;

bool IsCompiledModule(absl::string_view name) {
  return absl::EndsWith(name, ".so") || absl::EndsWith(name, ".pyd");
}

// "311", "313t": a minor's digits and the letters of a special build.
bool IsAbiNumber(absl::string_view text) {
  const auto letters = std::find_if_not(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  return letters != text.begin() &&
         std::all_of(letters, text.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c));
         });
}

// The ABI of the first tagged file. Level by level: modules stand near the top
// of a package, its data and tests deeper.
absl::optional<std::string> FindTaggedFile(const std::string& install_path) {
  std::vector<fs::path> level = {install_path};
  std::size_t entries = 0;
  for (int depth = 0; depth < kMaxAbiDepth; ++depth) {
    std::vector<fs::path> next;
    for (const fs::path& directory : level) {
      std::error_code error;
      for (fs::directory_iterator it(directory, error);
           !error && it != fs::directory_iterator(); it.increment(error)) {
        if (++entries > kMaxAbiEntries) return absl::nullopt;
        std::error_code ignored;
        if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
          next.push_back(it->path());
        } else if (auto abi = AbiOfFileName(it->path().filename().string())) {
          return abi;
        }
      }
    }
    std::sort(next.begin(), next.end());
    level = std::move(next);
  }
  return absl::nullopt;
}

// The first compiled module under `root` (a file or directory), relative to
// `install_path`.
absl::optional<std::string> FindCompiledUnder(const fs::path& install_path,
                                              const fs::path& root) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error);
       !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    std::error_code ignored;
    if (IsCompiledModule(it->path().filename().string()) &&
        !it->is_directory(ignored)) {
      return it->path().lexically_relative(install_path).string();
    }
  }
  return absl::nullopt;
}

// Single-file modules of that import name: "_x.abi3.so" for "_x".
absl::optional<std::string> FindCompiledModule(const fs::path& install_path,
                                               const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator it(install_path, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string file = it->path().filename().string();
    if (absl::StartsWith(file, name + ".") && IsCompiledModule(file)) {
      return file;
    }
  }
  return absl::nullopt;
}

}  // namespace

absl::optional<std::string> AbiOfWheelTag(absl::string_view tag) {
  const std::vector<absl::string_view> parts = absl::StrSplit(tag, '-');
  if (parts.size() != 3) return absl::nullopt;
  absl::string_view abi = parts[1];
  if (!absl::ConsumePrefix(&abi, "cp") || !IsAbiNumber(abi)) {
    return absl::nullopt;
  }
  return absl::StrCat("cpython-", abi);
}

absl::optional<std::string> AbiOfFileName(absl::string_view name) {
  constexpr absl::string_view kMark = ".cpython-";
  const std::size_t mark = name.rfind(kMark);
  if (mark == name.npos || !absl::EndsWith(name, ".so")) return absl::nullopt;
  const absl::string_view rest = name.substr(mark + kMark.size());
  const absl::string_view number = rest.substr(0, rest.find_first_of("-."));
  if (!IsAbiNumber(number)) return absl::nullopt;
  return absl::StrCat("cpython-", number);
}

std::vector<std::string> FindAbis(const std::string& install_path) {
  std::vector<std::string> abis;
  const auto add = [&abis](absl::optional<std::string> abi) {
    if (abi.has_value() &&
        std::find(abis.begin(), abis.end(), *abi) == abis.end()) {
      abis.push_back(*std::move(abi));
    }
  };
  bool described = false;
  for (const DistInfo& dist_info : ListDistInfos(install_path)) {
    for (const std::string& tag : WheelTags(dist_info)) {
      described = true;
      add(AbiOfWheelTag(tag));
    }
  }
  if (!described) add(FindTaggedFile(install_path));
  return abis;
}

absl::optional<std::string> FindCExtension(const std::string& install_path,
                                           absl::string_view package_name) {
  const absl::optional<DistInfo> dist_info =
      FindDistInfo(install_path, NormalizePackageName(package_name));
  if (!dist_info.has_value()) {
    return FindCompiledUnder(install_path, install_path);
  }
  const std::vector<std::string> files = RecordedFiles(*dist_info);
  for (const std::string& file : files) {
    if (IsCompiledModule(file)) return file;
  }
  if (!files.empty()) return absl::nullopt;
  for (const std::string& name :
       ImportNamesOfPackage(install_path, package_name)) {
    auto found = FindCompiledUnder(install_path, fs::path(install_path) / name);
    if (!found.has_value()) found = FindCompiledModule(install_path, name);
    if (found.has_value()) return found;
  }
  return absl::nullopt;
}

}  // namespace envknit
