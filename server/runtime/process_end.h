#ifndef ENVKNIT_SERVER_RUNTIME_PROCESS_END_H_
#define ENVKNIT_SERVER_RUNTIME_PROCESS_END_H_

namespace envknit {

// Ends this worker at once, and with it every process of its group, if it leads
// one: nothing that user code started may outlive the daemon. Any thread, with
// or without the GIL.
[[noreturn]] void EndProcessGroup();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_PROCESS_END_H_
