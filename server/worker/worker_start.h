#ifndef ENVKNIT_SERVER_WORKER_WORKER_START_H_
#define ENVKNIT_SERVER_WORKER_WORKER_START_H_

#include <string>
#include <vector>

#include "envknit/environment.h"
#include "envknit/worker.h"
#include "server/base/unique_fd.h"
#include "server/process/spawn_spec.h"
#include "server/worker/control_messages.h"
#include "server/worker/subprocess_worker_options.h"

namespace envknit {

// How the runtime is started in an interpreter: `python -I -S` leaves
// site-packages, .pth files and PYTHON* variables out; the runtime sets
// sys.path itself. `mode` are the arguments that tell it its descriptors.
// `epoch` marks the process and its descendants.
SpawnSpec RuntimeSpawnSpec(const Interpreter& python,
                           std::vector<std::string> mode, Epoch epoch,
                           const SubprocessWorkerOptions& options,
                           std::vector<UniqueFd> descriptors);

// What a process of that Python is told whatever runs in it.
ConfigureMessage ProcessConfiguration(const Interpreter& python,
                                      const SubprocessWorkerOptions& options);

// What a worker is told.
ConfigureMessage WorkerConfiguration(const WorkerSpec& spec,
                                     const SubprocessWorkerOptions& options);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_WORKER_START_H_
