#ifndef ENVKNIT_SERVER_FRAME_WORKER_SIGNALS_H_
#define ENVKNIT_SERVER_FRAME_WORKER_SIGNALS_H_

#include <csignal>

namespace envknit {

// Signals and exit codes that daemon and runtime agree on (protos/README.md).
// Real-time signals because libraries take SIGUSR1 and SIGUSR2 for themselves;
// functions because SIGRTMIN is one.

// Makes a worker write its Python stacks to stderr.
inline int StackDumpSignal() { return SIGRTMIN + 4; }

// A worker's PDEATHSIG: its handler kills the worker's process group.
inline int DaemonDiedSignal() { return SIGRTMIN + 5; }

// The interpreter ran, but couldn't load the runtime module.
inline constexpr int kNoRuntimeExitCode = 97;

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_WORKER_SIGNALS_H_
