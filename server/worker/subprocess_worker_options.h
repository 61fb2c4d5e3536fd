#ifndef ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_OPTIONS_H_
#define ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "server/worker/control_messages.h"
#include "server/worker/worker_output.h"

namespace envknit {

// What all workers of one daemon have in common.
struct SubprocessWorkerOptions {
  // Variables of every worker, as "NAME=value" (CleanEnvironment).
  std::vector<std::string> environment;
  // Where their stdout and stderr go.
  WorkerOutputFactory output;
  // Told to every worker.
  WorkerLimits limits;
  // This daemon's name.
  std::string instance;
  // How long an interpreter may take to say HELLO, and after that READY; never
  // beyond WorkerSpec::start_deadline.
  absl::Duration hello_timeout = absl::Seconds(30);
  absl::Duration ready_timeout = absl::Seconds(30);
  // From Stop() to SIGKILL.
  absl::Duration stop_timeout = absl::Seconds(1);
  // Workers are killed before the daemon when memory runs out.
  int oom_score_adj = 500;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_SUBPROCESS_WORKER_OPTIONS_H_
