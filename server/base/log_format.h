#ifndef ENVKNIT_SERVER_BASE_LOG_FORMAT_H_
#define ENVKNIT_SERVER_BASE_LOG_FORMAT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "server/base/log.h"

namespace envknit {

// Lay one log line out, newline included. Both are pure, and whatever the
// message and fields hold (they may come from user code), the result is exactly
// one line of printable text.

// 2025-01-31T12:00:00.123Z INFO    worker started  pid=17 environment="my env"
// Values with anything but plain characters are quoted and escaped.
std::string FormatTextLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           absl::Span<const LogField> fields);

// {"time":"…","level":"info","message":"worker started","pid":17}
// Bytes that aren't UTF-8 become U+FFFD, so that any JSON parser reads it.
std::string FormatJsonLine(absl::Time time, LogLevel level,
                           absl::string_view message,
                           absl::Span<const LogField> fields);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_LOG_FORMAT_H_
