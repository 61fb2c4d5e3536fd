#ifndef ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_OPTIONS_H_
#define ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_OPTIONS_H_

#include <cstdint>

#include "absl/time/time.h"

#include "server/worker/subprocess_worker_options.h"

namespace envknit {

// What all interpreter hosts of one factory have in common.
struct InterpreterWorkerOptions {
  // As of workers that are processes.
  SubprocessWorkerOptions process;
  // Live interpreters of one host at a time. A crash ends them all, so more of
  // them trade isolation for memory.
  int interpreters_per_host = 8;
  // A host that closed so many takes no new ones and ends with its last: a
  // closed interpreter is emptied but stays, since finalizing it aborts CPython
  // 3.12. What stays is 3 MB, and 9 MB after asyncio and ssl were imported
  // (measured on 3.12.1 and 3.13.0), so at most some 140 MB for one start of a
  // process in 16.
  int closed_per_host = 16;
  // Nor does a host with so much memory in RAM, as long as it has: what stays,
  // and what C libraries leak, is given back by the process's end only.
  int64_t resident_bytes_per_host = int64_t{512} << 20;
  // How long an empty host is kept for the next interpreter, which starts in
  // some 10 ms in it and in some 100 ms in a new one.
  absl::Duration idle_timeout = absl::Seconds(60);
  // From Stop() to the kill of the host. Longer than a process's, since the
  // kill takes the others' calls with it.
  absl::Duration close_timeout = absl::Seconds(3);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_INTERPRETER_WORKER_OPTIONS_H_
