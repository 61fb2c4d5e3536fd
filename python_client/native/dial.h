// Connects to a server.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_DIAL_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_DIAL_H_

#include <chrono>
#include <functional>
#include <string>

namespace envknit::native {

// A connected socket, or -1 and why.
struct Dialed {
  int fd = -1;
  // For HTTP/2's :authority.
  std::string authority;
  std::string error;
  // There is no error then.
  bool interrupted = false;
};

// `address` is `unix:/path` (also `unix:///path`), `dns:host:port`
// (also `dns:///host:port`) or `host:port`. Waits at most `patience` for the
// connection, and for a name as long as the system's resolver does;
// `interrupted` is asked at least every 100 ms while the connection is made.
// gRPC could do this itself, but only lazily, with retries and back-off of its
// own; here a server that isn't there is an error at once.
Dialed Dial(
    const std::string& address,
    std::chrono::milliseconds patience = std::chrono::seconds(10),
    const std::function<bool()>& interrupted = [] { return false; });

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_DIAL_H_
