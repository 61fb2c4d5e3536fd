#include "server/config/value_parser.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace envknit {
namespace {

constexpr int kDefaultPort = 50551;
constexpr int64_t kMaxBytes = int64_t{1} << 40;
constexpr absl::Duration kMaxDuration = absl::Hours(24 * 366);

absl::Status Expected(absl::string_view what, absl::string_view found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", what, ", found \"",
                   absl::CEscape(found.substr(0, 100)), "\""));
}

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

bool IsHostName(absl::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
           c == '-' || c == '_';
  });
}

bool IsIpv6(const std::string& host) {
  struct in6_addr address = {};
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

absl::StatusOr<absl::Duration> ParsePositiveDuration(absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) ||
      duration <= absl::ZeroDuration() || duration > kMaxDuration) {
    return Expected(
        "a duration with its unit, such as 30s, 250ms or 1h30m, above zero and "
        "at most 366 days",
        text);
  }
  return duration;
}

absl::StatusOr<int64_t> ParseByteSize(absl::string_view text) {
  constexpr std::array<std::pair<absl::string_view, int64_t>, 8> kUnits = {{
      {"KiB", int64_t{1} << 10},
      {"MiB", int64_t{1} << 20},
      {"GiB", int64_t{1} << 30},
      {"KB", 1'000},
      {"kB", 1'000},
      {"MB", 1'000'000},
      {"GB", 1'000'000'000},
      {"B", 1},
  }};
  absl::string_view number = text;
  int64_t unit = 1;
  for (const auto& [suffix, factor] : kUnits) {
    if (absl::ConsumeSuffix(&number, suffix)) {
      unit = factor;
      break;
    }
  }
  int64_t count = 0;
  if (!AllDigits(number) || !absl::SimpleAtoi(number, &count) || count <= 0 ||
      count > kMaxBytes / unit) {
    return Expected(
        "a size such as 65536, 64KiB or 16MiB, above zero and at most 1024GiB",
        text);
  }
  return count * unit;
}

absl::StatusOr<int> ParseWholeNumber(absl::string_view text, int min, int max) {
  int number = 0;
  if (!AllDigits(text) || !absl::SimpleAtoi(text, &number) || number < min ||
      number > max) {
    return Expected(absl::StrCat("a whole number from ", min, " to ", max),
                    text);
  }
  return number;
}

absl::StatusOr<bool> ParseBoolean(absl::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Expected("true or false", text);
}

std::string TcpAddress::ToString() const {
  const std::string shown = host.empty() ? "0.0.0.0" : host;
  return absl::StrContains(shown, ':') ? absl::StrCat("[", shown, "]:", port)
                                       : absl::StrCat(shown, ":", port);
}

bool TcpAddress::IsLoopback() const {
  struct in_addr address = {};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return (ntohl(address.s_addr) >> 24) == 127;
  }
  struct in6_addr address6 = {};
  if (::inet_pton(AF_INET6, host.c_str(), &address6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&address6);
  }
  return host == "localhost";
}

absl::StatusOr<TcpAddress> ParseTcpAddress(absl::string_view text) {
  const absl::Status wrong = Expected(
      "an address such as 127.0.0.1:50551, [::1]:50551 or localhost", text);
  if (text.empty()) return wrong;
  TcpAddress address;
  absl::string_view port;
  if (absl::StartsWith(text, "[")) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return wrong;
    address.host = std::string(text.substr(1, end - 1));
    if (!IsIpv6(address.host)) return wrong;
    port = text.substr(end + 1);
    if (!port.empty() && !absl::ConsumePrefix(&port, ":")) return wrong;
    if (port.empty() && text.back() == ':') return wrong;
  } else if (AllDigits(text)) {
    port = text;
  } else {
    const std::size_t colon = text.find(':');
    address.host = std::string(text.substr(0, colon));
    if (!IsHostName(address.host)) return wrong;
    if (colon != text.npos) {
      port = text.substr(colon + 1);
      if (port.empty()) return wrong;
    }
  }
  address.port = kDefaultPort;
  if (!port.empty()) {
    const absl::StatusOr<int> number = ParseWholeNumber(port, 0, 65535);
    if (!number.ok()) return wrong;
    address.port = *number;
  }
  return address;
}

}  // namespace envknit
