#include "server/rpc/rpc_server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpc/grpc.h"
#include "grpc/support/log.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server_posix.h"

#include "server/base/annotated_status.h"
#include "server/rpc/admin_service.h"
#include "server/rpc/isolation_service.h"

namespace envknit {
namespace {

// gRPC answers a message over its own limit with a bare error, and on a stream
// ends all of it, before we see anything: so its limit is above ours, and what
// is between gets ours, with its reason.
int ReceiveLimit(int64_t message_bytes) {
  return static_cast<int>(
      std::min<int64_t>(2 * message_bytes, std::numeric_limits<int>::max()));
}

// The library writes lines of its own form to stderr, beside the log and in
// the terminal of a private daemon's client. What matters of it comes back as
// errors; whoever looks for more sets gRPC's own variable.
void SilenceLibrary() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
}

class GrpcRpcServer final : public RpcServer {
 public:
  explicit GrpcRpcServer(RpcBackend backend)
      : backend_(std::make_shared<const RpcBackend>(std::move(backend))),
        isolation_(backend_),
        admin_(backend_.get()) {}

  absl::Status Listen(const RpcServerOptions& options) {
    SilenceLibrary();
    // Never undone: where a write once had to wait for its reader, the
    // library's shutdown waits up to 10 s for a poll of its own.
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    builder.RegisterService(&isolation_);
    builder.RegisterService(&admin_);
    builder.SetMaxReceiveMessageSize(
        ReceiveLimit(backend_->limits.message_bytes));
    builder.SetMaxSendMessageSize(-1);
    // Two daemons on one port would each get some of the connections.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    if (!options.tcp_address.empty()) {
      // A peer that vanished without a word is noticed after two minutes, and
      // its calls are stopped. A local peer's death is told by the kernel.
      builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
      builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 60000);
      builder.AddListeningPort(options.tcp_address,
                               grpc::InsecureServerCredentials(), &tcp_port_);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr ||
        (!options.tcp_address.empty() && tcp_port_ == 0)) {
      return absl::UnavailableError(
          absl::StrCat("can't listen on ", options.tcp_address,
                       ": the address is in use, or not one of this machine"));
    }
    return absl::OkStatus();
  }

  void Accept(UniqueFd connection) override {
    grpc::AddInsecureChannelFromFd(server_.get(), connection.release());
  }

  int tcp_port() const override { return tcp_port_; }

  void SetServing(const std::string& name, bool serving) override {
    server_->GetHealthCheckService()->SetServingStatus(name, serving);
  }

  void Shutdown(absl::Duration grace) override {
    server_->GetHealthCheckService()->Shutdown();
    isolation_.EndStreams(
        MakeError(ErrorReason::kDraining, "the server is shutting down"));
    server_->Shutdown(std::chrono::system_clock::now() +
                      absl::ToChronoMilliseconds(grace));
  }

 private:
  // Before the services, which point to it.
  const std::shared_ptr<const RpcBackend> backend_;
  IsolationService isolation_;
  AdminService admin_;
  std::unique_ptr<grpc::Server> server_;
  int tcp_port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    RpcServerOptions options, RpcBackend backend) {
  auto server = std::make_unique<GrpcRpcServer>(std::move(backend));
  absl::Status listening = server->Listen(options);
  if (!listening.ok()) return listening;
  return server;
}

}  // namespace envknit
