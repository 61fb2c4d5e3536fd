#ifndef ENVKNIT_SERVER_RPC_UNARY_CALL_H_
#define ENVKNIT_SERVER_RPC_UNARY_CALL_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "envknit/call.h"
#include "envknit/environment.h"
#include "server/pool/session.h"
#include "server/rpc/routing.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

// One unary Import, GetAttr, Call and the like: reads the routing fields, has
// the pool run the bytes, and appends our fields to the worker's answer. Lives
// from the request to gRPC's OnDone, and as long as the pool may still call it.
// Its callbacks come on any thread.
class UnaryCall final : public grpc::ServerUnaryReactor,
                        public std::enable_shared_from_this<UnaryCall> {
 public:
  // The reactor for one request. `request` is read before this returns,
  // `response` is written before the reactor finishes.
  static grpc::ServerUnaryReactor* Start(const RpcBackend* backend,
                                         CallKind kind,
                                         grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response);

  // The client went away, or gRPC's deadline passed: the work is stopped.
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone() override;

 private:
  UnaryCall(const RpcBackend* backend, CallKind kind,
            grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  void Run(const grpc::ByteBuffer& request);
  // What the request says beside its body, checked.
  absl::StatusOr<CallSpec> MakeSpec(std::string body, const Routing& routing);
  void SubmitToSession(const std::string& name, CallSpec spec);
  void SubmitToPool(std::shared_ptr<const Environment> environment,
                    IsolationRequest isolation, CallSpec spec);
  void KeepHandle(std::shared_ptr<CallHandle> handle) ABSL_LOCKS_EXCLUDED(mu_);
  void OnResult(CallResult result) ABSL_LOCKS_EXCLUDED(mu_);
  // The client has gone: what the reply would have given it is released.
  void DropHandles(const CallResult& result);
  void FinishWithError(const absl::Status& status);
  void Log(const absl::Status& status, const CallResult& result) const;

  // Constant after construction.
  const RpcBackend* const backend_;
  const CallKind kind_;
  grpc::ByteBuffer* const response_;
  const std::string peer_;
  const Identity identity_;
  // When gRPC ends the RPC, on our clock.
  const absl::Time rpc_deadline_;

  // Written before the call is submitted, read after its result.
  std::shared_ptr<const Environment> environment_;
  IsolationChoice isolation_;
  std::shared_ptr<Session> session_;
  std::size_t request_bytes_ = 0;
  absl::Duration timeout_;

  absl::Mutex mu_;
  std::shared_ptr<CallHandle> handle_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  // The result is here; a handle that comes later is not kept, since it may
  // know the callback that holds this call.
  bool answered_ ABSL_GUARDED_BY(mu_) = false;

  // gRPC's reference, dropped in OnDone.
  std::shared_ptr<UnaryCall> self_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_UNARY_CALL_H_
