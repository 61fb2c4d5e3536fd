// Connects to a server.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_DIAL_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_DIAL_H_

#include <string>

namespace envknit::native {

// A connected socket, or -1 and why.
struct Dialed {
  int fd = -1;
  // For HTTP/2's :authority.
  std::string authority;
  std::string error;
};

// `address` is `unix:/path` (also `unix:///path`), `dns:host:port`
// (also `dns:///host:port`) or `host:port`. Blocks while the name is looked up
// and the connection made,
// at most 10 s for each address. gRPC could do this itself, but only lazily,
// with retries and back-off of its own; here a server that isn't there is an
// error at once.
Dialed Dial(const std::string& address);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_DIAL_H_
