#ifndef ENVKNIT_SERVER_APP_CONFIG_MAPPING_H_
#define ENVKNIT_SERVER_APP_CONFIG_MAPPING_H_

#include <string>

#include "absl/status/statusor.h"

#include "envknit/clock.h"
#include "server/app/process_setup.h"
#include "server/base/fd_writer.h"
#include "server/base/log.h"
#include "server/config/load_server_config.h"
#include "server/config/server_config.h"
#include "server/env/lock_environment_store.h"
#include "server/pool/pool_options.h"
#include "server/process/client_watch.h"
#include "server/rpc/rpc_backend.h"
#include "server/worker/interpreter_worker_options.h"
#include "server/worker/subprocess_worker_options.h"

namespace envknit {

// What the configuration means for each part of the daemon: the folders don't
// know each other, nor it.

// Loads the lock files. `runtime_directory` holds the workers' modules.
absl::StatusOr<LockEnvironmentStore::Options> EnvironmentOptions(
    const ServerConfig& config, const ProcessContext& context,
    const std::string& runtime_directory);

// User code's output goes to the log, and in a private daemon to the client's
// stderr, `stderr_writer`. All pointers are borrowed by it.
SubprocessWorkerOptions WorkerOptions(const ServerConfig& config,
                                      const InstanceId& instance,
                                      const Clock* clock, Logger* logger,
                                      FdWriter* stderr_writer);

// Hosts of interpreters; with `throw_away` for one interpreter each, which is
// shared with nobody.
InterpreterWorkerOptions HostOptions(SubprocessWorkerOptions options,
                                     bool throw_away);

PoolOptions PoolLimits(const ServerConfig& config);

// Limits and deadlines; the parts are the caller's to fill in.
RpcBackend BackendOptions(const ServerConfig& config);

// Takes the death pipe over.
ClientWatch::Client ClientOf(const ServerConfig& config);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_APP_CONFIG_MAPPING_H_
