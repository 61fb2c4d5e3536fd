#ifndef ENVKNIT_SERVER_BASE_FD_LOGGER_H_
#define ENVKNIT_SERVER_BASE_FD_LOGGER_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "envknit/clock.h"
#include "server/base/fd_writer.h"
#include "server/base/log.h"

namespace envknit {

enum class LogFormat { kText, kJson };

// The daemon's log: lines of one format to a descriptor, stderr as a rule.
// Made by main, used by everyone, from any thread. Lines never mix, and logging
// never waits; a sink that fails (closed pipe, full disk) or is not read loses
// lines but never the daemon.
class FdLogger final : public Logger {
 public:
  // `writer` and `clock` are borrowed and outlive the logger.
  FdLogger(FdWriter* writer, LogLevel min_level, LogFormat format,
           const Clock* clock)
      : writer_(writer),
        min_level_(min_level),
        format_(format),
        clock_(clock) {}

  bool Enabled(LogLevel level) const override { return level >= min_level_; }

  void Write(LogLevel level, absl::string_view message,
             absl::Span<const LogField> fields) override;

 private:
  // Constant after construction.
  FdWriter* const writer_;
  const LogLevel min_level_;
  const LogFormat format_;
  const Clock* const clock_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_FD_LOGGER_H_
