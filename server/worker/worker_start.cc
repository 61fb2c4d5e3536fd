#include "server/worker/worker_start.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/frame/worker_signals.h"

namespace envknit {
namespace {

std::string RuntimeDirectoryOf(const Interpreter& python) {
  return python.runtime_path.substr(0, python.runtime_path.rfind('/'));
}

}  // namespace

SpawnSpec RuntimeSpawnSpec(const Interpreter& python,
                           std::vector<std::string> mode, Epoch epoch,
                           const SubprocessWorkerOptions& options,
                           std::vector<UniqueFd> descriptors) {
  SpawnSpec spawn;
  spawn.program = python.path;
  spawn.arguments = {"-I", "-S", "-X", "faulthandler",
                     RuntimeDirectoryOf(python) + "/worker_main.py"};
  for (std::string& argument : mode) {
    spawn.arguments.push_back(std::move(argument));
  }
  spawn.arguments.push_back("--runtime");
  spawn.arguments.push_back(python.runtime_path);
  spawn.environment = options.environment;
  // Epochs are unique on one machine but for bad luck with a 32-bit tag.
  spawn.tag = absl::StrCat(absl::Hex(epoch, absl::kZeroPad16));
  spawn.descriptors = std::move(descriptors);
  spawn.parent_death_signal = DaemonDiedSignal();
  spawn.oom_score_adj = options.oom_score_adj;
  return spawn;
}

ConfigureMessage ProcessConfiguration(const Interpreter& python,
                                      const SubprocessWorkerOptions& options) {
  ConfigureMessage configure;
  configure.runtime_dir = RuntimeDirectoryOf(python);
  configure.limits = options.limits;
  configure.instance = options.instance;
  return configure;
}

ConfigureMessage WorkerConfiguration(const WorkerSpec& spec,
                                     const SubprocessWorkerOptions& options) {
  const Environment& environment = *spec.environment;
  ConfigureMessage configure =
      ProcessConfiguration(environment.interpreter, options);
  configure.epoch = spec.epoch;
  configure.install_paths = environment.install_paths;
  configure.environment = environment.name;
  return configure;
}

}  // namespace envknit
