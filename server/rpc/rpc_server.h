#ifndef ENVKNIT_SERVER_RPC_RPC_SERVER_H_
#define ENVKNIT_SERVER_RPC_RPC_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "server/base/unique_fd.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

struct RpcServerOptions {
  // "127.0.0.1:50551"; empty for no TCP.
  std::string tcp_address;
};

// The gRPC server: our services, health and reflection. Its header shows no
// gRPC, so that main needs none. Made by main; thread-safe.
class RpcServer {
 public:
  // A server that serves what Accept() brings, and TCP if asked. Error: the
  // TCP address can't be listened on.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      RpcServerOptions options, RpcBackend backend);

  virtual ~RpcServer() = default;

  // Serves a connected socket. Does not block.
  virtual void Accept(UniqueFd connection) = 0;

  // The TCP port that was bound; 0 without TCP.
  virtual int tcp_port() const = 0;

  // Sets what grpc.health.v1 answers for a service name; "" is the server.
  // Names never set are unknown.
  virtual void SetServing(const std::string& name, bool serving) = 0;

  // Ends every stream with DRAINING, waits up to `grace` for unary calls, then
  // cancels them. Blocks until all handlers are done; not on a gRPC thread.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_RPC_SERVER_H_
