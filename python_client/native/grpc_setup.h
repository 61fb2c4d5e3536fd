// Starts gRPC the way a client that may fork needs it.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_GRPC_SETUP_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_GRPC_SETUP_H_

namespace envknit::native {

// Initializes gRPC once per process and never shuts it down (its threads and a
// process's exit race otherwise). Sets, for the time of the initialization
// only:
// - the "poll" engine: epoll's descriptor would be shared with a forked child,
//   whose events would then reach the parent; with one socket it is as fast.
// - fork support: gRPC can stop its threads before a fork and start them after
//   it on both sides; see ExpectFork.
// - the log level: an ended server is an error of ours, not a line on stderr.
// A value that the user has set stays. Call it with the GIL held: it changes
// environment variables. Not thread-safe otherwise.
void EnsureGrpcIsSetUp();

// The next fork() of this thread is Python's, with the GIL held all along: then
// gRPC stops its threads before it and starts them after it, on both sides. Its
// C++ libraries don't do that by themselves, and without its executor a child
// hangs at the first contended call. Forks that only replace the program (of
// other libraries) need none of it, so this is taken back after each.
void ExpectFork(bool expected);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_GRPC_SETUP_H_
