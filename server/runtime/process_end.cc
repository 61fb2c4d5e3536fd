#include "server/runtime/process_end.h"

#include <signal.h>
#include <unistd.h>

#include "server/frame/worker_signals.h"

namespace envknit {

void EndProcessGroup() {
  // A worker that was not made a leader shares the group of whoever started it.
  if (::getpgrp() == ::getpid()) ::kill(0, SIGKILL);
  ::_exit(1);
}

bool EndWithDaemon() {
  struct sigaction action = {};
  action.sa_handler = [](int) { EndProcessGroup(); };
  return ::sigaction(DaemonDiedSignal(), &action, nullptr) == 0;
}

}  // namespace envknit
