#include "server/base/fd_logger.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "server/base/log_format.h"

namespace envknit {
namespace {

void WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Whoever gave us the descriptor made it non-blocking.
      struct pollfd writable = {fd, POLLOUT, 0};
      if (::poll(&writable, 1, -1) < 0 && errno != EINTR) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

void FdLogger::Write(LogLevel level, absl::string_view message,
                     absl::Span<const LogField> fields) {
  if (!Enabled(level)) return;
  const absl::Time now = clock_->Now();
  const std::string line = format_ == LogFormat::kJson
                               ? FormatJsonLine(now, level, message, fields)
                               : FormatTextLine(now, level, message, fields);
  absl::MutexLock lock(&mu_);
  WriteAll(fd_, line);
}

}  // namespace envknit
