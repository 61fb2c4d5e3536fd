#include "server/env/dist_info.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/read_file.h"
#include "server/env/package_name.h"

namespace envknit {
namespace {

constexpr absl::string_view kSuffix = ".dist-info";
// A RECORD of 100,000 files is some 10 MiB.
constexpr std::size_t kMaxMetadataBytes = std::size_t{32} << 20;

// Metadata only describes: a file that can't be read counts as absent.
std::string ReadMetadata(const DistInfo& dist_info, absl::string_view file) {
  absl::StatusOr<std::string> content =
      ReadFile(absl::StrCat(dist_info.directory, "/", file), kMaxMetadataBytes);
  return content.ok() ? *std::move(content) : std::string();
}

// The first field of one line of CSV: up to a comma, or quoted with "" for ".
std::string FirstField(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, "\"")) {
    return std::string(line.substr(0, line.find(',')));
  }
  std::string field;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '"') {
      field.push_back(line[i]);
    } else if (i + 1 < line.size() && line[i + 1] == '"') {
      field.push_back(line[i++]);
    } else {
      break;
    }
  }
  return field;
}

bool IsIdentifier(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return absl::ascii_isalnum(byte) || c == '_' || byte >= 0x80;
         });
}

// "numpy/core/x.py" → "numpy"; "six.py" → "six"; "_x.cpython-311….so" → "_x";
// empty for what isn't imported.
std::string ImportNameOfFile(absl::string_view file) {
  const std::size_t slash = file.find('/');
  const bool is_module = absl::EndsWith(file, ".py") ||
                         absl::EndsWith(file, ".so") ||
                         absl::EndsWith(file, ".pyd");
  if (!is_module) return "";
  const absl::string_view top = slash == file.npos
                                    ? file.substr(0, file.find('.'))
                                    : file.substr(0, slash);
  return IsIdentifier(top) ? std::string(top) : "";
}

}  // namespace

std::vector<DistInfo> ListDistInfos(const std::string& install_path) {
  std::vector<DistInfo> found;
  std::error_code error;
  std::filesystem::directory_iterator it(install_path, error);
  for (; !error && it != std::filesystem::directory_iterator();
       it.increment(error)) {
    const std::string directory = it->path().filename().string();
    absl::string_view stem = directory;
    if (!absl::ConsumeSuffix(&stem, kSuffix)) continue;
    // Installers write '-' inside a name or version as '_'.
    const std::size_t dash = stem.rfind('-');
    if (dash == stem.npos) continue;
    found.push_back({NormalizePackageName(stem.substr(0, dash)),
                     std::string(stem.substr(dash + 1)),
                     absl::StrCat(install_path, "/", directory)});
  }
  std::sort(found.begin(), found.end(),
            [](const DistInfo& a, const DistInfo& b) {
              return std::tie(a.normalized_name, a.version) <
                     std::tie(b.normalized_name, b.version);
            });
  return found;
}

absl::optional<DistInfo> FindDistInfo(const std::string& install_path,
                                      absl::string_view normalized_name) {
  for (DistInfo& dist_info : ListDistInfos(install_path)) {
    if (dist_info.normalized_name == normalized_name) {
      return std::move(dist_info);
    }
  }
  return absl::nullopt;
}

std::vector<std::string> RecordedFiles(const DistInfo& dist_info) {
  std::vector<std::string> files;
  const std::string record = ReadMetadata(dist_info, "RECORD");
  for (absl::string_view line : absl::StrSplit(record, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    std::string file = FirstField(line);
    if (!file.empty()) files.push_back(std::move(file));
  }
  return files;
}

std::vector<std::string> ImportNames(const DistInfo& dist_info) {
  std::set<std::string> names;
  const std::string top_level = ReadMetadata(dist_info, "top_level.txt");
  for (const absl::string_view line : absl::StrSplit(top_level, '\n')) {
    const absl::string_view name = absl::StripAsciiWhitespace(line);
    // Some list "package/module".
    if (IsIdentifier(name)) names.emplace(name);
  }
  if (names.empty()) {
    for (const std::string& file : RecordedFiles(dist_info)) {
      std::string name = ImportNameOfFile(file);
      if (!name.empty()) names.insert(std::move(name));
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> WheelTags(const DistInfo& dist_info) {
  std::vector<std::string> tags;
  const std::string wheel = ReadMetadata(dist_info, "WHEEL");
  for (absl::string_view line : absl::StrSplit(wheel, '\n')) {
    if (absl::ConsumePrefix(&line, "Tag:")) {
      tags.emplace_back(absl::StripAsciiWhitespace(line));
    }
  }
  return tags;
}

std::vector<std::string> ImportNamesOfPackage(const std::string& install_path,
                                              absl::string_view name) {
  const absl::optional<DistInfo> dist_info =
      FindDistInfo(install_path, NormalizePackageName(name));
  std::vector<std::string> names;
  if (dist_info.has_value()) names = ImportNames(*dist_info);
  if (names.empty()) {
    names.push_back(absl::StrReplaceAll(name, {{"-", "_"}}));
  }
  return names;
}

}  // namespace envknit
