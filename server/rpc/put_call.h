#ifndef ENVKNIT_SERVER_RPC_PUT_CALL_H_
#define ENVKNIT_SERVER_RPC_PUT_CALL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "server/rpc/rpc_backend.h"
#include "server/rpc/transfer_steps.h"

namespace envknit {

// One Put RPC: hands each chunk to the worker, and reads the next when the
// worker has it, so that a fast writer fills no memory of ours. Lives from the
// RPC's begin to gRPC's OnDone, and as long as the pool may still call it. Its
// callbacks come on any thread.
class PutCall final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                      public std::enable_shared_from_this<PutCall> {
 public:
  // `response` is written before the reactor finishes.
  static grpc::ServerReadReactor<grpc::ByteBuffer>* Start(
      const RpcBackend* backend, grpc::CallbackServerContext* context,
      grpc::ByteBuffer* response);

  void OnReadDone(bool ok) override;
  // The client went away, or gRPC's deadline passed: the work is stopped.
  void OnCancel() override;
  void OnDone() override;

 private:
  PutCall(const RpcBackend* backend, const grpc::CallbackServerContext& context,
          grpc::ByteBuffer* response);

  void OnChunk(const absl::Status& status, CallResult result);
  void End(const absl::Status& status);

  const RpcBackend* const backend_;
  const std::shared_ptr<TransferSteps> steps_;
  grpc::ByteBuffer* const response_;

  // Used by one thread after the other, as reads and steps follow each other.
  grpc::ByteBuffer message_;
  bool is_first_ = true;

  // gRPC's reference, dropped in OnDone.
  std::shared_ptr<PutCall> self_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_PUT_CALL_H_
