#include "server/worker/bounded_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace envknit {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";
constexpr absl::string_view kEllipsis = "\xE2\x80\xA6";

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Length of the well-formed UTF-8 character at the start of `text`, 0 if it
// doesn't start with one.
std::size_t CharacterSize(absl::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  std::size_t size = 0;
  // Bounds of the second byte: no overlong forms, surrogates, or beyond
  // U+10FFFF.
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (size == 0 || text.size() < size) return 0;
  const auto second = static_cast<uint8_t>(text[1]);
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return size;
}

std::string ValidText(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    absl::StrAppend(&valid, size == 0 ? kReplacement : text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

}  // namespace

std::string BoundedText(absl::string_view text, std::size_t max_bytes) {
  // A replacement is longer than what it replaces: cut before and after.
  std::string valid = ValidText(text.substr(0, max_bytes + 1));
  if (valid.size() <= max_bytes) return valid;
  std::size_t end =
      max_bytes > kEllipsis.size() ? max_bytes - kEllipsis.size() : 0;
  while (end > 0 && IsContinuation(valid[end])) --end;
  valid.resize(end);
  return absl::StrCat(valid, kEllipsis);
}

std::string BoundedTail(absl::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes + 1) {
    text.remove_prefix(text.size() - max_bytes - 1);
  }
  std::string valid = ValidText(text);
  if (valid.size() <= max_bytes) return valid;
  std::size_t begin = valid.size() - max_bytes + kEllipsis.size();
  while (begin < valid.size() && IsContinuation(valid[begin])) ++begin;
  return absl::StrCat(kEllipsis, absl::string_view(valid).substr(begin));
}

}  // namespace envknit
