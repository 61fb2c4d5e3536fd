#ifndef ENVKNIT_SERVER_RPC_SESSION_CALLS_H_
#define ENVKNIT_SERVER_RPC_SESSION_CALLS_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"

#include "envknit/v1/sessions.pb.h"
#include "server/pool/session.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

// One unary OpenSession: answers when the worker is ready. A client that goes
// away before has no use for the session, which then ends. Lives from the
// request to gRPC's OnDone, and until the session's opening is settled.
class OpenSessionCall final
    : public grpc::ServerUnaryReactor,
      public std::enable_shared_from_this<OpenSessionCall> {
 public:
  static grpc::ServerUnaryReactor* Start(const RpcBackend* backend,
                                         const v1::OpenSessionRequest& request,
                                         const Identity& identity,
                                         v1::OpenSessionResponse* response);

  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone() override;

 private:
  OpenSessionCall(const RpcBackend* backend, v1::OpenSessionResponse* response)
      : backend_(backend), response_(response) {}

  void OnOpened(absl::StatusOr<std::shared_ptr<Session>> session)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnReady(const std::shared_ptr<Session>& session,
               const absl::StatusOr<WorkerInfo>& worker)
      ABSL_LOCKS_EXCLUDED(mu_);

  const RpcBackend* const backend_;
  v1::OpenSessionResponse* const response_;

  absl::Mutex mu_;
  // Set while the worker starts.
  std::shared_ptr<Session> session_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;

  // gRPC's reference, dropped in OnDone.
  std::shared_ptr<OpenSessionCall> self_;
};

// Starts a unary Release; the reactor finishes when the worker has let go.
grpc::ServerUnaryReactor* StartRelease(const RpcBackend& backend,
                                       const v1::ReleaseRequest& request,
                                       const Identity& identity);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_SESSION_CALLS_H_
