#include "server/base/log.h"

#include <array>
#include <cstddef>

namespace envknit {
namespace {

constexpr std::array<absl::string_view, 4> kNames = {"debug", "info", "warning",
                                                     "error"};

}  // namespace

absl::string_view LogLevelName(LogLevel level) {
  return kNames[static_cast<std::size_t>(level)];
}

absl::optional<LogLevel> ParseLogLevel(absl::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return absl::nullopt;
}

// Without the payload: ToString() would print its raw bytes.
std::string LogField::Describe(const absl::Status& status) {
  return status.ToString(absl::StatusToStringMode::kWithNoExtraData);
}

}  // namespace envknit
