#include "server/base/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxLength = 100;

// Edits between two strings: insertions, deletions, substitutions, swaps of
// neighbours (optimal string alignment).
std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> before_previous(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution =
          previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] =
          std::min({previous[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
    std::swap(before_previous, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::vector<std::string> NearestNames(absl::string_view name,
                                      absl::Span<const std::string> candidates,
                                      int limit) {
  if (name.empty() || name.size() > kMaxLength) return {};
  const std::string wanted = absl::AsciiStrToLower(name);
  const std::size_t allowed = std::max<std::size_t>(1, wanted.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > kMaxLength) continue;
    const std::size_t distance =
        EditDistance(wanted, absl::AsciiStrToLower(candidate));
    if (distance <= allowed) near.emplace_back(distance, candidate);
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> names;
  for (auto& [distance, candidate] : near) {
    if (names.size() == static_cast<std::size_t>(limit)) break;
    names.push_back(std::move(candidate));
  }
  return names;
}

std::string DidYouMean(absl::string_view name,
                       absl::Span<const std::string> candidates) {
  const std::vector<std::string> near = NearestNames(name, candidates, 1);
  if (near.empty()) return "";
  return absl::StrCat("; did you mean ", near.front(), "?");
}

}  // namespace envknit
