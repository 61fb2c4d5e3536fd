// envknitd: reads the command line, and builds the daemon from its parts, the
// lowest first.

#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

#include "envknit/worker.h"
#include "server/app/command_line.h"
#include "server/app/config_mapping.h"
#include "server/app/process_setup.h"
#include "server/app/readiness.h"
#include "server/app/stop_signals.h"
#include "server/base/event_loop.h"
#include "server/base/fd_logger.h"
#include "server/base/real_clock.h"
#include "server/config/socket_path.h"
#include "server/env/interpreter_prober.h"
#include "server/env/lock_environment_store.h"
#include "server/pool/import_probes.h"
#include "server/pool/pool_registry.h"
#include "server/pool/probing_pool_registry.h"
#include "server/process/client_watch.h"
#include "server/process/spawner.h"
#include "server/rpc/rpc_server.h"
#include "server/rpc/unix_listener.h"
#include "server/worker/interpreter_worker_factory.h"
#include "server/worker/subprocess_worker_factory.h"

namespace envknit {
namespace {

// How long running calls and workers get when the daemon ends.
constexpr absl::Duration kCallsGrace = absl::Seconds(1);
constexpr absl::Duration kWorkersGrace = absl::Seconds(5);

// Tells clients and pools of the end, and waits for both.
void ShutDown(const std::string& reason, UnixListener& listener,
              RpcServer& server, PoolRegistry& pools, Logger& logger) {
  logger.Info("stopping", {{"reason", reason}});
  listener.Stop();
  // Shared with a callback that may come after we stopped waiting.
  auto ended = std::make_shared<absl::Notification>();
  pools.Shutdown([ended] { ended->Notify(); });
  server.Shutdown(kCallsGrace);
  if (!ended->WaitForNotificationWithTimeout(kWorkersGrace)) {
    logger.Warning("workers did not end in time; they are killed");
  }
  logger.Info("stopped");
}

absl::Status Serve(const ServerConfig& config, const ProcessContext& context,
                   const Clock& clock, Logger& logger,
                   FdWriter& stderr_writer) {
  for (const std::string& warning : config.warnings) logger.Warning(warning);
  absl::StatusOr<InstanceId> instance = MakeInstanceId();
  if (!instance.ok()) return instance.status();

  // The socket first: a second daemon for it ends before it has started
  // anything.
  if (!config.listen.own_directory.empty()) {
    absl::Status directory =
        PrepareSocketDirectory(config.listen.own_directory);
    if (!directory.ok()) return directory;
  }
  absl::StatusOr<std::unique_ptr<UnixListener>> listener =
      UnixListener::Bind(config.listen.unix_path);
  if (!listener.ok()) return listener.status();

  // One thread for all descriptors and timers.
  absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create(&clock);
  if (!loop.ok()) return loop.status();
  absl::StatusOr<std::unique_ptr<StopSignals>> stop =
      StopSignals::Create(loop->get());
  if (!stop.ok()) return stop.status();

  // A private daemon ends with its client, and not with its terminal.
  std::unique_ptr<ClientWatch> client;
  if (config.private_mode.enabled) {
    absl::Status left = LeaveTerminalSession();
    if (!left.ok()) logger.Warning("setsid", {{"error", left}});
    absl::StatusOr<std::unique_ptr<ClientWatch>> watch = ClientWatch::Create(
        ClientOf(config), loop->get(),
        [&stop](std::string how) { (*stop)->RequestStop(std::move(how)); });
    if (!watch.ok()) return watch.status();
    client = *std::move(watch);
  }

  // The thread that is the workers' parent; it must outlive them.
  absl::StatusOr<std::unique_ptr<Spawner>> spawner = Spawner::Create();
  if (!spawner.ok()) return spawner.status();

  // Which environments there are, and which Python each one runs on.
  absl::StatusOr<std::string> runtime = RuntimeDirectory();
  if (!runtime.ok()) return runtime.status();
  absl::StatusOr<LockEnvironmentStore::Options> environments =
      EnvironmentOptions(config, context, *runtime);
  if (!environments.ok()) return environments.status();
  SubprocessProber prober;
  LockEnvironmentStore store(*std::move(environments), &prober);
  for (const std::string& warning : store.warnings()) logger.Warning(warning);
  EnvironmentResolver resolver(&store);

  // Workers that are processes and workers that are interpreters, in one pool
  // for each environment and kind.
  const SubprocessWorkerOptions workers =
      WorkerOptions(config, *instance, &clock, &logger, &stderr_writer);
  SubprocessWorkerFactory processes(
      workers, {spawner->get(), loop->get(), &clock, &logger});
  InterpreterWorkerFactory interpreters(
      HostOptions(workers, /*throw_away=*/false),
      {spawner->get(), loop->get(), &clock, &logger});
  const std::unique_ptr<PoolRegistry> pools =
      PoolRegistry::Create(PoolLimits(config), instance->tag,
                           {{IsolationKind::kProcess, &processes},
                            {IsolationKind::kSubinterpreter, &interpreters}},
                           &clock, loop->get(), &logger);

  // What may not load in an interpreter is tried in one that harms nobody.
  InterpreterWorkerFactory throw_away(
      HostOptions(workers, /*throw_away=*/true),
      {spawner->get(), loop->get(), &clock, &logger});
  ProbingPoolRegistry probing(
      PoolLimits(config), {pools.get(), &clock, loop->get(), &logger},
      std::make_shared<ImportProbes>(
          ImportProbes::Options(),
          ImportProbe::Parts{&throw_away, &clock, loop->get()}, &logger,
          instance->tag));

  // The gRPC API over the pools.
  PeerIdentities peers;
  const AccessLog access_log(&logger);
  RpcBackend backend = BackendOptions(config);
  backend.pools = &probing;
  backend.environments = &resolver;
  backend.clock = &clock;
  backend.timers = loop->get();
  backend.logger = &logger;
  backend.peers = &peers;
  backend.access_log = &access_log;
  backend.instance = instance->name;
  absl::StatusOr<std::unique_ptr<RpcServer>> server =
      RpcServer::Start({.tcp_address = config.listen.tcp}, std::move(backend));
  if (!server.ok()) return server.status();

  // Health, by environment.
  for (const EnvironmentListing& listing : store.List()) {
    (*server)->SetServing(listing.name, listing.problem.ok());
    if (!listing.problem.ok()) {
      logger.Warning(
          "environment can't run here",
          {{"environment", listing.name}, {"problem", listing.problem}});
    }
  }

  absl::Status serving = (*listener)->Serve(
      loop->get(), &peers, &logger, [&server](UniqueFd connection) {
        (*server)->Accept(std::move(connection));
      });
  if (!serving.ok()) return serving;
  const std::string tcp =
      config.listen.tcp.empty()
          ? ""
          : WithPort(config.listen.tcp, (*server)->tcp_port());
  logger.Info("serving", {{"socket", config.listen.unix_path},
                          {"tcp", tcp},
                          {"version", ENVKNIT_VERSION},
                          {"instance", instance->name},
                          {"pid", ::getpid()}});
  if (config.notify_fd >= 0) {
    absl::Status told = ReportReadiness(UniqueFd(config.notify_fd),
                                        config.listen.unix_path, tcp);
    if (!told.ok()) logger.Warning("readiness", {{"error", told}});
  }

  ShutDown((*stop)->Wait(), **listener, **server, probing, logger);
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  const ProcessContext context = ReadProcessContext();
  const Command command = ParseCommandLine(arguments, context);
  if (!command.serve) {
    std::fputs(command.text.c_str(),
               command.exit_code == kExitClean ? stdout : stderr);
    return command.exit_code;
  }
  absl::Status set_up = SetUpProcess();
  const RealClock clock;
  FdWriter stderr_writer(STDERR_FILENO);
  FdLogger logger(&stderr_writer, command.config.log.level,
                  command.config.log.format, &clock);
  absl::Status served =
      set_up.ok() ? Serve(command.config, context, clock, logger, stderr_writer)
                  : set_up;
  if (served.ok()) return kExitClean;
  logger.Error(absl::StrCat("envknitd: ", served.message()));
  return kExitFailed;
}

}  // namespace
}  // namespace envknit

int main(int argc, char** argv) {
  return envknit::Main(
      std::vector<std::string>(argv + (argc > 0), argv + argc));
}
