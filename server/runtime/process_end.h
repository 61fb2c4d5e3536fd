#ifndef ENVKNIT_SERVER_RUNTIME_PROCESS_END_H_
#define ENVKNIT_SERVER_RUNTIME_PROCESS_END_H_

namespace envknit {

// Ends this worker at once, and with it every process of its group, if it leads
// one: nothing that user code started may outlive the daemon. Any thread, with
// or without the GIL.
[[noreturn]] void EndProcessGroup();

// Makes the signal that the kernel sends when the daemon died do that. The
// control channel's end says the same, but a worker whose control thread has
// not seen it yet would end alone by the signal's default action. False if the
// kernel refuses.
bool EndWithDaemon();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_PROCESS_END_H_
