#include "server/base/fd_logger.h"

#include "server/base/log_format.h"

namespace envknit {

void FdLogger::Write(LogLevel level, absl::string_view message,
                     absl::Span<const LogField> fields) {
  if (!Enabled(level)) return;
  const absl::Time now = clock_->Now();
  writer_->Write(format_ == LogFormat::kJson
                     ? FormatJsonLine(now, level, message, fields)
                     : FormatTextLine(now, level, message, fields));
}

}  // namespace envknit
