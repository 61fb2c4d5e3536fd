#ifndef ENVKNIT_SERVER_CONFIG_VALUE_PARSER_H_
#define ENVKNIT_SERVER_CONFIG_VALUE_PARSER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace envknit {

// The forms in which people write values. All pure; errors are INVALID_ARGUMENT
// "expected …, found …", without saying where.

// "30s", "1h30m", "250ms": more than zero, at most 366 days.
absl::StatusOr<absl::Duration> ParsePositiveDuration(absl::string_view text);

// "1024", "64KiB", "16MiB", "1GiB", and decimal "10MB": 1 to 2^40 bytes.
absl::StatusOr<int64_t> ParseByteSize(absl::string_view text);

// A whole number in [min, max].
absl::StatusOr<int> ParseWholeNumber(absl::string_view text, int min, int max);

// "true" or "false".
absl::StatusOr<bool> ParseBoolean(absl::string_view text);

struct TcpAddress {
  // Without brackets; empty for all interfaces.
  std::string host;
  int port = 0;

  // "127.0.0.1:50551", "[::1]:50551", "0.0.0.0:50551".
  std::string ToString() const;
  // Whether only this machine can reach it.
  bool IsLoopback() const;
};

// "host:port", "host", ":port", "[::1]:port", "port"; the port is 50551 unless
// said, and 0 lets the system choose.
absl::StatusOr<TcpAddress> ParseTcpAddress(absl::string_view text);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_VALUE_PARSER_H_
