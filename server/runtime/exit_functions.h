#ifndef ENVKNIT_SERVER_RUNTIME_EXIT_FUNCTIONS_H_
#define ENVKNIT_SERVER_RUNTIME_EXIT_FUNCTIONS_H_

namespace envknit {

// Runs what user code registered with atexit. What it raises goes to stderr.
// Needs the GIL.
void RunExitFunctions();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_EXIT_FUNCTIONS_H_
