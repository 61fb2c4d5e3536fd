#ifndef ENVKNIT_SERVER_BASE_LOG_H_
#define ENVKNIT_SERVER_BASE_LOG_H_

#include <concepts>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace envknit {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning", "error".
absl::string_view LogLevelName(LogLevel level);
absl::optional<LogLevel> ParseLogLevel(absl::string_view name);

// One key=value of a log line. Numbers and booleans stay bare in JSON, all else
// is text; a status is written as its code and message.
class LogField final {
 public:
  LogField(absl::string_view key, absl::string_view value)
      : key_(key), value_(value), bare_(false) {}
  LogField(absl::string_view key, const char* value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, const std::string& value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, bool value)
      : key_(key), value_(value ? "true" : "false"), bare_(true) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogField(absl::string_view key, T value)
      : key_(key), value_(absl::StrCat(value)), bare_(true) {}
  // Written as text because JSON has no infinity or NaN.
  LogField(absl::string_view key, double value)
      : key_(key), value_(absl::StrCat(value)), bare_(false) {}
  LogField(absl::string_view key, absl::Duration value)
      : key_(key), value_(absl::FormatDuration(value)), bare_(false) {}
  LogField(absl::string_view key, const absl::Status& value)
      : key_(key), value_(Describe(value)), bare_(false) {}

  absl::string_view key() const { return key_; }
  absl::string_view value() const { return value_; }
  // Whether JSON may hold the value without quotes.
  bool bare() const { return bare_; }

 private:
  static std::string Describe(const absl::Status& status);

  std::string key_;
  std::string value_;
  bool bare_;
};

// Where the daemon says what it does: leveled lines with fields. `main` makes
// one and passes it down as a pointer that outlives its users; there is no
// global one. Implementations are thread safe and never mix two lines.
class Logger {
 public:
  virtual ~Logger() = default;

  // Whether lines of this level are kept; ask before computing costly fields.
  virtual bool Enabled(LogLevel level) const = 0;

  // Writes one line. May block while the sink does.
  virtual void Write(LogLevel level, absl::string_view message,
                     absl::Span<const LogField> fields) = 0;

  void Debug(absl::string_view message,
             std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kDebug, message, fields);
  }
  void Info(absl::string_view message,
            std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kInfo, message, fields);
  }
  void Warning(absl::string_view message,
               std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kWarning, message, fields);
  }
  void Error(absl::string_view message,
             std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kError, message, fields);
  }

 private:
  void Log(LogLevel level, absl::string_view message,
           std::initializer_list<LogField> fields) {
    if (Enabled(level)) Write(level, message, fields);
  }
};

// A logger that keeps nothing, for code that is run without a log.
class NullLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Write(LogLevel, absl::string_view, absl::Span<const LogField>) override {
  }
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_LOG_H_
