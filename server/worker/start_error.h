#ifndef ENVKNIT_SERVER_WORKER_START_ERROR_H_
#define ENVKNIT_SERVER_WORKER_START_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "envknit/environment.h"
#include "envknit/worker.h"

namespace envknit {

// Errors of a worker that didn't become one, with reason and metadata attached;
// all end with the last of its stderr, where the cause usually stands.

// We have no runtime for its Python: RUNTIME_NOT_AVAILABLE.
absl::Status NoRuntimeFor(const Interpreter& python);

// The program couldn't be executed: INTERPRETER_NOT_FOUND, or
// WORKER_UNAVAILABLE when the machine has no process left.
absl::Status SpawnError(const Environment& environment,
                        const absl::Status& cause);

// It ended before READY: RUNTIME_NOT_AVAILABLE if it said so by its exit code,
// else WORKER_UNAVAILABLE.
absl::Status ExitedWhileStarting(const Environment& environment,
                                 const WorkerExit& exit);

// `frame` did not come within `waited`: WORKER_UNAVAILABLE.
absl::Status StartTimedOut(const Environment& environment, const char* frame,
                           absl::Duration waited,
                           const std::string& stderr_tail);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_START_ERROR_H_
