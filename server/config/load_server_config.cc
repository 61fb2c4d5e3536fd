#include "server/config/load_server_config.h"

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/nearest_name.h"
#include "server/base/read_file.h"
#include "server/config/config_file.h"
#include "server/config/config_keys.h"
#include "server/config/socket_path.h"
#include "server/config/value_parser.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;
constexpr absl::string_view kVariablePrefix = "ENVKNITD_";

std::string Absolute(const std::string& path, const std::string& directory,
                     const ProcessContext& context) {
  std::filesystem::path result = path;
  const auto home = context.environment.find("HOME");
  if (home != context.environment.end() &&
      (path == "~" || absl::StartsWith(path, "~/"))) {
    result = home->second + path.substr(1);
  }
  if (result.is_relative()) result = directory / result;
  return result.lexically_normal().string();
}

absl::Status Apply(const ConfigKey& key, Setting setting,
                   const ProcessContext& context, ServerConfig& config) {
  if (key.kind == ConfigKey::Kind::kPath ||
      key.kind == ConfigKey::Kind::kPathList) {
    for (std::string& value : setting.values) {
      if (absl::StrContains(value, '\0')) {
        return absl::InvalidArgumentError(
            absl::StrCat(setting.origin, ": a path can't hold a NUL"));
      }
      value = Absolute(value, setting.directory, context);
    }
  }
  absl::Status status = key.apply(setting.values, config);
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(setting.origin, ": ", status.message()));
}

// Applies each key's strongest setting; `sources` are ordered strongest first.
absl::Status ApplyAll(const std::vector<const Settings*>& sources,
                      const ProcessContext& context, bool is_private,
                      ServerConfig& config) {
  for (const ConfigKey& key : ConfigKeys()) {
    Setting setting;
    for (const Settings* source : sources) {
      const auto it = source->find(&key);
      if (it == source->end()) continue;
      setting = it->second;
      break;
    }
    if (setting.origin.empty()) {
      const absl::string_view text = is_private && !key.private_default.empty()
                                         ? key.private_default
                                         : key.default_value;
      if (text.empty()) continue;
      setting.values.emplace_back(text);
      setting.origin = absl::StrCat("default of ", key.name);
    }
    absl::Status status = Apply(key, std::move(setting), context, config);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

void ChooseSocket(const ProcessContext& context, ServerConfig& config) {
  std::string& path = config.listen.unix_path;
  std::string wanted = path;
  if (wanted.empty()) {
    const std::string directory =
        DefaultSocketDirectory(context.environment, context.uid);
    // A private daemon is one of several of this user.
    wanted = config.private_mode.enabled
                 ? absl::StrCat(directory, "/private-", context.pid, ".sock")
                 : absl::StrCat(directory, "/envknitd.sock");
  }
  const std::string fitted = FitSocketPath(wanted, context.uid);
  if (fitted != wanted) {
    config.warnings.push_back(absl::StrCat(
        "the socket path ", wanted, " has more than ", kMaxSocketPath,
        " bytes; listening on ", fitted, " instead"));
  }
  if (path.empty() || FolderOf(fitted) != FolderOf(wanted)) {
    config.listen.own_directory = FolderOf(fitted);
  }
  path = fitted;
}

absl::Status CheckTogether(const ServeFlags& flags,
                           const ServerConfig& config) {
  const ServerConfig::Private& mode = config.private_mode;
  const bool has_client = mode.death_fd >= 0 || mode.client_pid > 0;
  if (mode.enabled && !has_client) {
    return absl::InvalidArgumentError(
        "--private needs --death-fd or --client-pid, or nothing would end it");
  }
  if (!mode.enabled && has_client) {
    return absl::InvalidArgumentError(
        "--death-fd and --client-pid need --private");
  }
  if (config.environments.lock.empty() && !config.environments.allow_inline) {
    return absl::InvalidArgumentError(
        "nothing to serve: name a lock file with --lock FILE");
  }
  if (config.listen.tcp.empty()) return absl::OkStatus();
  const absl::StatusOr<TcpAddress> address = ParseTcpAddress(config.listen.tcp);
  if (address.ok() && (address->IsLoopback() || flags.insecure_tcp)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "listen.tcp ", config.listen.tcp,
      " can be reached from other machines, where anyone could run code as "
      "this user; use 127.0.0.1, or say --insecure-tcp if that is meant"));
}

}  // namespace

ProcessContext ReadProcessContext() {
  ProcessContext context;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> variable =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    context.environment.insert(variable);
  }
  std::error_code error;
  const std::filesystem::path current = std::filesystem::current_path(error);
  context.working_directory = error ? std::string("/") : current.string();
  context.uid = ::geteuid();
  context.pid = ::getpid();
  return context;
}

Settings ReadEnvironmentSettings(const ProcessContext& context,
                                 std::vector<std::string>& warnings) {
  std::map<std::string, const ConfigKey*> keys;
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    keys.emplace(key.Variable(), &key);
    names.push_back(key.Variable());
  }
  Settings settings;
  for (const auto& [name, value] : context.environment) {
    if (!absl::StartsWith(name, kVariablePrefix) || value.empty()) continue;
    const auto it = keys.find(name);
    if (it == keys.end()) {
      warnings.push_back(absl::StrCat("the variable ", name,
                                      " is no setting and is ignored",
                                      DidYouMean(name, names)));
      continue;
    }
    Setting& setting = settings[it->second];
    setting.origin = name;
    setting.directory = context.working_directory;
    if (it->second->kind == ConfigKey::Kind::kPathList) {
      setting.values = absl::StrSplit(value, ':', absl::SkipEmpty());
    } else {
      setting.values = {value};
    }
  }
  return settings;
}

absl::StatusOr<ServerConfig> LoadServerConfig(const ServeFlags& flags,
                                              const ProcessContext& context) {
  ServerConfig config;
  config.private_mode = flags.private_mode;
  config.notify_fd = flags.notify_fd;
  const Settings variables = ReadEnvironmentSettings(context, config.warnings);
  Settings file;
  if (!flags.config_file.empty()) {
    const std::string path =
        Absolute(flags.config_file, context.working_directory, context);
    const absl::StatusOr<std::string> text = ReadFile(path, kMaxConfigBytes);
    if (!text.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("--config: ", text.status().message()));
    }
    absl::StatusOr<Settings> parsed =
        ParseConfigFile(*text, flags.config_file, FolderOf(path));
    if (!parsed.ok()) return parsed.status();
    file = *std::move(parsed);
  }
  absl::Status status = ApplyAll({&flags.settings, &variables, &file}, context,
                                 flags.private_mode.enabled, config);
  if (!status.ok()) return status;
  status = CheckTogether(flags, config);
  if (!status.ok()) return status;
  ChooseSocket(context, config);
  return config;
}

int ExitCodeOf(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

}  // namespace envknit
