#include "server/env/package_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace envknit {
namespace {

bool IsAlphanumeric(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

bool IsSeparator(char c) { return c == '-' || c == '_' || c == '.'; }

}  // namespace

std::string NormalizePackageName(absl::string_view name) {
  std::string normalized;
  normalized.reserve(name.size());
  bool after_separator = false;
  for (const char c : name) {
    if (!IsSeparator(c)) {
      normalized.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    } else if (!after_separator) {
      normalized.push_back('-');
    }
    after_separator = IsSeparator(c);
  }
  return normalized;
}

bool IsPackageName(absl::string_view name) {
  return std::any_of(name.begin(), name.end(), IsAlphanumeric) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsAlphanumeric(c) || IsSeparator(c);
         });
}

bool IsPackageVersion(absl::string_view version) {
  return std::any_of(version.begin(), version.end(), IsAlphanumeric) &&
         std::all_of(version.begin(), version.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c)) &&
                  c != '/' && c != '\\' && c != '"' && c != '\'';
         });
}

}  // namespace envknit
