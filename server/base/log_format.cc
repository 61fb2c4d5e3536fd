#include "server/base/log_format.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace envknit {
namespace {

std::string FormatTimestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there
// is none.
std::size_t Utf8SequenceLength(absl::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto continues = [&byte](std::size_t i) {
    return (byte(i) & 0xC0) == 0x80;
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (first == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;  // overlong
    if (first == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
    return 4;
  }
  return 0;
}

// Whether `text` starts with a control character, C0 or C1: terminals obey
// both.
bool StartsWithControl(absl::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  return first < 0x20 || first == 0x7F ||
         (first == 0xC2 && text.size() > 1 &&
          static_cast<uint8_t>(text[1]) < 0xA0);
}

// `text` with controls, broken UTF-8 and the characters in `also` escaped.
std::string Escape(absl::string_view text, absl::string_view also) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(text[0]));
    } else if (text[0] == '\n') {
      absl::StrAppend(&out, "\\n");
    } else if (StartsWithControl(text)) {
      absl::StrAppendFormat(&out, "\\x%02x",
                            static_cast<uint8_t>(text[length - 1]));
    } else {
      if (absl::StrContains(also, text[0])) out.push_back('\\');
      out.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

// Values without these and without spaces stand in a text line as they are.
bool NeedsQuotes(absl::string_view value) {
  return value.empty() || value.find_first_of(" \"\\=") != value.npos;
}

void AppendTextValue(std::string& out, absl::string_view value) {
  const std::string escaped = Escape(value, "\"\\");
  if (NeedsQuotes(value) || escaped != value) {
    absl::StrAppend(&out, "\"", escaped, "\"");
  } else {
    absl::StrAppend(&out, value);
  }
}

void AppendJsonString(std::string& out, absl::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      absl::StrAppend(&out, "\xEF\xBF\xBD");
      text.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      absl::StrAppend(&out, "\\n");
    } else if (c == '\t') {
      absl::StrAppend(&out, "\\t");
    } else if (static_cast<uint8_t>(c) < 0x20 || c == '\x7F') {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint8_t>(c));
    } else {
      out.append(text.data(), length);
    }
    text.remove_prefix(length);
  }
  out.push_back('"');
}

}  // namespace

std::string FormatTextLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           absl::Span<const LogField> fields) {
  std::string line = absl::StrFormat("%s %-7s %s", FormatTimestamp(time),
                                     absl::AsciiStrToUpper(LogLevelName(level)),
                                     Escape(message, ""));
  if (!fields.empty()) line.push_back(' ');
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key(), "=");
    AppendTextValue(line, field.value());
  }
  line.push_back('\n');
  return line;
}

std::string FormatJsonLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           absl::Span<const LogField> fields) {
  std::string line =
      absl::StrCat("{\"time\":\"", FormatTimestamp(time), "\",\"level\":\"",
                   LogLevelName(level), "\",\"message\":");
  AppendJsonString(line, message);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendJsonString(line, field.key());
    line.push_back(':');
    if (field.bare()) {
      absl::StrAppend(&line, field.value());
    } else {
      AppendJsonString(line, field.value());
    }
  }
  absl::StrAppend(&line, "}\n");
  return line;
}

}  // namespace envknit
