#include "server/env/runtime_catalog.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"

#include "server/env/compiled_files.h"

namespace envknit {
namespace {

// The minor an ABI belongs to, for ordering; 0 for none.
int MinorOfAbi(const std::string& abi_tag) {
  int minor = 0;
  const std::string version = VersionOfAbi(abi_tag);
  if (!version.empty()) (void)absl::SimpleAtoi(version.substr(2), &minor);
  return minor;
}

}  // namespace

std::string VersionOfAbi(const std::string& abi_tag) {
  absl::string_view number = abi_tag;
  if (!absl::ConsumePrefix(&number, "cpython-")) return "";
  while (!number.empty() &&
         !absl::ascii_isdigit(static_cast<unsigned char>(number.back()))) {
    number.remove_suffix(1);
  }
  int value = 0;
  // The major has one digit: "311", "27".
  if (number.size() < 2 || !absl::SimpleAtoi(number.substr(1), &value)) {
    return "";
  }
  return absl::StrCat(number.substr(0, 1), ".", number.substr(1));
}

RuntimeCatalog RuntimeCatalog::Read(const std::string& directory) {
  RuntimeCatalog catalog;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error);
       !error && it != std::filesystem::directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!absl::StartsWith(name, "envknit_runtime.")) continue;
    if (absl::optional<std::string> abi = AbiOfFileName(name)) {
      catalog.paths_.emplace(*std::move(abi), it->path().string());
    }
  }
  return catalog;
}

std::string RuntimeCatalog::PathFor(const std::string& abi_tag) const {
  const auto it = paths_.find(abi_tag);
  return it == paths_.end() ? "" : it->second;
}

std::vector<std::string> RuntimeCatalog::Abis() const {
  std::vector<std::string> abis;
  for (const auto& [abi, path] : paths_) abis.push_back(abi);
  std::sort(abis.begin(), abis.end(),
            [](const std::string& a, const std::string& b) {
              const int minor_a = MinorOfAbi(a);
              const int minor_b = MinorOfAbi(b);
              return minor_a != minor_b ? minor_a > minor_b : a < b;
            });
  return abis;
}

}  // namespace envknit
