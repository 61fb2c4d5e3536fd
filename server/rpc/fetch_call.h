#ifndef ENVKNIT_SERVER_RPC_FETCH_CALL_H_
#define ENVKNIT_SERVER_RPC_FETCH_CALL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "server/rpc/rpc_backend.h"
#include "server/rpc/transfer_steps.h"

namespace envknit {

// One Fetch RPC: asks the worker for a chunk, writes it, and asks for the next
// when gRPC has taken that, so that a slow reader holds up the worker's
// transfer and not our memory. Lives from the request to gRPC's OnDone, and as
// long as the pool may still call it. Its callbacks come on any thread.
class FetchCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                        public std::enable_shared_from_this<FetchCall> {
 public:
  // The reactor for one request, which is read before this returns.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(
      const RpcBackend* backend, grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request);

  void OnWriteDone(bool ok) override;
  // The client went away, or gRPC's deadline passed: the work is stopped.
  void OnCancel() override;
  void OnDone() override;

 private:
  FetchCall(const RpcBackend* backend,
            const grpc::CallbackServerContext& context);

  void Run(const grpc::ByteBuffer& request);
  // Reads what the loop must know of the request, and says so in `body`.
  absl::Status PlanChunks(std::string& body);
  void OnChunk(const absl::Status& status, CallResult result);
  void End(const absl::Status& status);

  const RpcBackend* const backend_;
  const std::shared_ptr<TransferSteps> steps_;

  // Used by one thread after the other, as steps and writes follow each other.
  uint64_t chunk_bytes_ = 0;
  uint64_t next_offset_ = 0;
  bool more_ = false;
  grpc::ByteBuffer writing_;

  // gRPC's reference, dropped in OnDone.
  std::shared_ptr<FetchCall> self_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_FETCH_CALL_H_
