#ifndef ENVKNIT_SERVER_RUNTIME_WORKER_H_
#define ENVKNIT_SERVER_RUNTIME_WORKER_H_

#include <string>

namespace envknit {

// Descriptors and place of this worker, from its command line.
struct WorkerArguments {
  int call_fd = -1;
  int control_fd = -1;
  int status_fd = -1;
  // Where the runtime's .py files are, unless CONFIGURE says another place.
  std::string runtime_dir;
};

// The whole life of a worker process: handshake, calls, end. Called once, on
// Python's main thread, with the GIL; does not return.
[[noreturn]] void RunWorker(const WorkerArguments& arguments);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_WORKER_H_
