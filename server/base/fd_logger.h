#ifndef ENVKNIT_SERVER_BASE_FD_LOGGER_H_
#define ENVKNIT_SERVER_BASE_FD_LOGGER_H_

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

#include "envknit/clock.h"
#include "server/base/log.h"

namespace envknit {

enum class LogFormat { kText, kJson };

// The daemon's log: lines of one format to a descriptor, stderr as a rule.
// Made by main, used by everyone, from any thread. A line is one write() of one
// thread, so lines never mix; a sink that fails (closed pipe, full disk) loses
// lines but never the daemon.
class FdLogger final : public Logger {
 public:
  // `fd` and `clock` are borrowed and outlive the logger.
  FdLogger(int fd, LogLevel min_level, LogFormat format, const Clock* clock)
      : fd_(fd), min_level_(min_level), format_(format), clock_(clock) {}

  bool Enabled(LogLevel level) const override { return level >= min_level_; }

  // Blocks while a full pipe isn't read.
  void Write(LogLevel level, absl::string_view message,
             absl::Span<const LogField> fields) override
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // Constant after construction.
  const int fd_;
  const LogLevel min_level_;
  const LogFormat format_;
  const Clock* const clock_;

  // Held while a line is written, so that one cut into several write() calls
  // stays whole.
  absl::Mutex mu_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_FD_LOGGER_H_
