#ifndef ENVKNIT_SERVER_RUNTIME_HOST_H_
#define ENVKNIT_SERVER_RUNTIME_HOST_H_

#include <string>

namespace envknit {

// Descriptors and place of an interpreter host, from its command line.
struct HostArguments {
  int descriptor_fd = -1;
  int control_fd = -1;
  // Where the runtime's .py files are, unless CONFIGURE says another place.
  std::string runtime_dir;
};

// The whole life of an interpreter host. Called once, on Python's main thread,
// with the GIL; does not return. Below Python 3.12 it tells the daemon that
// there are no such interpreters.
[[noreturn]] void RunHost(const HostArguments& arguments);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_HOST_H_
