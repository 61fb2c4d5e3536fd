#include "server/app/config_mapping.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include "server/env/interpreter_finder.h"
#include "server/env/lock_file.h"
#include "server/process/clean_environment.h"
#include "server/worker/echoed_output.h"
#include "server/worker/log_output.h"

namespace envknit {

absl::StatusOr<LockEnvironmentStore::Options> EnvironmentOptions(
    const ServerConfig& config, const ProcessContext& context,
    const std::string& runtime_directory) {
  LockEnvironmentStore::Options options;
  const PathRoots roots = PathRootsOfProcess();
  for (const std::string& path : config.environments.lock) {
    absl::StatusOr<LockFile> file = LoadLockFile(path, roots);
    if (!file.ok()) return file.status();
    options.lock_files.push_back(*std::move(file));
  }
  options.allow_inline = config.environments.allow_inline;
  options.places.prefixes = config.environments.python_prefixes;
  const auto path = context.environment.find("PATH");
  if (path != context.environment.end()) {
    options.places.search_path = SplitSearchPath(path->second);
  }
  options.runtimes = RuntimeCatalog::Read(runtime_directory);
  return options;
}

SubprocessWorkerOptions WorkerOptions(const ServerConfig& config,
                                      const InstanceId& instance,
                                      const Clock* clock, Logger* logger,
                                      FdWriter* stderr_writer) {
  SubprocessWorkerOptions options;
  options.environment = CleanEnvironment(environ, {});
  options.limits.message_bytes =
      static_cast<uint64_t>(config.limits.message_bytes);
  options.limits.handles = static_cast<uint64_t>(config.limits.handles);
  options.instance = instance.name;
  const bool echo = config.private_mode.enabled;
  options.output =
      [echo, clock, logger, stderr_writer](
          const WorkerLabel& label) -> std::unique_ptr<WorkerOutput> {
    auto logged = std::make_unique<LogOutput>(label, logger, clock);
    if (!echo) return logged;
    return std::make_unique<EchoedOutput>(std::move(logged), stderr_writer);
  };
  return options;
}

InterpreterWorkerOptions HostOptions(SubprocessWorkerOptions options,
                                     bool throw_away) {
  InterpreterWorkerOptions hosts;
  hosts.process = std::move(options);
  if (throw_away) {
    hosts.interpreters_per_host = 1;
    hosts.closed_per_host = 1;
  }
  return hosts;
}

PoolOptions PoolLimits(const ServerConfig& config) {
  PoolOptions options;
  options.max_workers = config.pool.max_workers;
  options.queue_calls = config.pool.queue_calls;
  options.queue_bytes = config.pool.queue_bytes;
  options.idle_timeout = config.pool.idle_timeout;
  options.grace = config.deadline.grace;
  return options;
}

RpcBackend BackendOptions(const ServerConfig& config) {
  RpcBackend backend;
  backend.limits.message_bytes = config.limits.message_bytes;
  backend.limits.handles = config.limits.handles;
  backend.deadlines.default_timeout = config.deadline.default_timeout;
  backend.deadlines.max_timeout = config.deadline.max;
  backend.deadlines.default_start_timeout = config.start_timeout;
  // The one client of a private daemon has ended with its stream.
  if (config.private_mode.enabled) {
    backend.limits.stream_grace = absl::ZeroDuration();
  }
  return backend;
}

ClientWatch::Client ClientOf(const ServerConfig& config) {
  ClientWatch::Client client;
  client.pid = config.private_mode.client_pid;
  client.death_pipe = UniqueFd(config.private_mode.death_fd);
  return client;
}

}  // namespace envknit
