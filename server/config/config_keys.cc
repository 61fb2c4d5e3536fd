#include "server/config/config_keys.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "server/config/value_parser.h"

namespace envknit {
namespace {

using Kind = ConfigKey::Kind;
using Values = std::vector<std::string>;

template <typename T>
absl::Status Store(absl::StatusOr<T> value, T& target) {
  if (!value.ok()) return value.status();
  target = *std::move(value);
  return absl::OkStatus();
}

absl::Status StoreTcp(const Values& values, ServerConfig& config) {
  absl::StatusOr<TcpAddress> address = ParseTcpAddress(values[0]);
  if (!address.ok()) return address.status();
  config.listen.tcp = address->ToString();
  return absl::OkStatus();
}

absl::Status StoreLogLevel(const Values& values, ServerConfig& config) {
  const absl::optional<LogLevel> level = ParseLogLevel(values[0]);
  if (!level.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected debug, info, warning or error, found \"", values[0], "\""));
  }
  config.log.level = *level;
  return absl::OkStatus();
}

absl::Status StoreLogFormat(const Values& values, ServerConfig& config) {
  if (values[0] != "text" && values[0] != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("expected text or json, found \"", values[0], "\""));
  }
  config.log.format = values[0] == "json" ? LogFormat::kJson : LogFormat::kText;
  return absl::OkStatus();
}

constexpr int kMaxCount = 1'000'000;
constexpr int kMaxHandles = 1'000'000'000;

constexpr std::array<ConfigKey, 17> kKeys = {{
    {"listen.unix", "socket", Kind::kPath, "PATH", "", "",
     "unix socket to listen on; unless said, envknitd.sock in "
     "$ENVKNIT_RUNTIME_DIR, $XDG_RUNTIME_DIR/envknit or /tmp/envknit-UID",
     [](const Values& values, ServerConfig& config) {
       config.listen.unix_path = values[0];
       return absl::OkStatus();
     }},
    {"listen.tcp", "tcp", Kind::kText, "ADDR", "", "",
     "also listen on this address (127.0.0.1:50551); none unless said. Every "
     "user of this machine may then run code as this one; beyond loopback "
     "only with --insecure-tcp",
     StoreTcp},
    {"environments.lock", "lock", Kind::kPathList, "FILE", "", "",
     "lock file of environments to serve; may be repeated, the first wins",
     [](const Values& values, ServerConfig& config) {
       config.environments.lock = values;
       return absl::OkStatus();
     }},
    {"environments.allow_inline", "", Kind::kSwitch, "true|false", "false",
     "true",
     "let clients describe environments themselves: they can then run "
     "anything this user can",
     [](const Values& values, ServerConfig& config) {
       return Store(ParseBoolean(values[0]), config.environments.allow_inline);
     }},
    {"environments.python_prefixes", "python-prefix", Kind::kPathList, "DIR",
     "", "",
     "installation of Python, or folder of several, to search before $PATH; "
     "may be repeated",
     [](const Values& values, ServerConfig& config) {
       config.environments.python_prefixes = values;
       return absl::OkStatus();
     }},
    {"pool.max_workers", "", Kind::kText, "N", "16", "0",
     "workers of one environment; 0 for no limit. A numpy worker takes some "
     "30 MiB",
     [](const Values& values, ServerConfig& config) {
       return Store(ParseWholeNumber(values[0], 0, kMaxCount),
                    config.pool.max_workers);
     }},
    {"pool.queue_calls", "", Kind::kText, "N", "1000", "",
     "calls that may wait for a worker of one environment",
     [](const Values& values, ServerConfig& config) {
       return Store(ParseWholeNumber(values[0], 1, kMaxCount),
                    config.pool.queue_calls);
     }},
    {"pool.queue_bytes", "", Kind::kText, "SIZE", "256MiB", "",
     "bytes of requests that may wait for a worker of one environment",
     [](const Values& values, ServerConfig& config) {
       return Store(ParseByteSize(values[0]), config.pool.queue_bytes);
     }},
    {"pool.idle_timeout", "", Kind::kText, "TIME", "10m", "",
     "how long a worker without a session is kept; the next call then pays a "
     "start",
     [](const Values& values, ServerConfig& config) {
       return Store(ParsePositiveDuration(values[0]), config.pool.idle_timeout);
     }},
    {"deadline.default", "", Kind::kText, "TIME", "30s", "",
     "time for a call that names none",
     [](const Values& values, ServerConfig& config) {
       return Store(ParsePositiveDuration(values[0]),
                    config.deadline.default_timeout);
     }},
    {"deadline.max", "", Kind::kText, "TIME", "24h", "",
     "longest time a call gets, whatever it asks for",
     [](const Values& values, ServerConfig& config) {
       return Store(ParsePositiveDuration(values[0]), config.deadline.max);
     }},
    {"deadline.grace", "", Kind::kText, "TIME", "1s", "",
     "from the interrupt of a late call to the kill of its worker",
     [](const Values& values, ServerConfig& config) {
       return Store(ParsePositiveDuration(values[0]), config.deadline.grace);
     }},
    {"limits.message", "", Kind::kText, "SIZE", "16MiB", "",
     "largest request or response",
     [](const Values& values, ServerConfig& config) {
       return Store(ParseByteSize(values[0]), config.limits.message_bytes);
     }},
    {"limits.handles", "", Kind::kText, "N", "10000", "0",
     "objects that one session may hold in its worker; 0 for no limit",
     [](const Values& values, ServerConfig& config) {
       return Store(ParseWholeNumber(values[0], 0, kMaxHandles),
                    config.limits.handles);
     }},
    {"start_timeout", "", Kind::kText, "TIME", "60s", "",
     "time for a worker to start",
     [](const Values& values, ServerConfig& config) {
       return Store(ParsePositiveDuration(values[0]), config.start_timeout);
     }},
    {"log.level", "", Kind::kText, "LEVEL", "info", "warning",
     "least level that is logged: debug, info, warning, error", StoreLogLevel},
    {"log.format", "", Kind::kText, "FORMAT", "text", "",
     "form of log lines: text, json", StoreLogFormat},
}};

}  // namespace

std::string ConfigKey::Flag() const {
  if (!flag.empty()) return std::string(flag);
  return absl::StrReplaceAll(name, {{".", "-"}, {"_", "-"}});
}

std::string ConfigKey::Variable() const {
  return absl::StrCat("ENVKNITD_", absl::AsciiStrToUpper(absl::StrReplaceAll(
                                       name, {{".", "_"}})));
}

absl::Span<const ConfigKey> ConfigKeys() { return kKeys; }

const ConfigKey* FindConfigKey(absl::string_view name) {
  for (const ConfigKey& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

}  // namespace envknit
