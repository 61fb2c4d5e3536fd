#ifndef ENVKNIT_SERVER_RPC_ISOLATION_SERVICE_H_
#define ENVKNIT_SERVER_RPC_ISOLATION_SERVICE_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "server/rpc/attach_stream.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

using RawRunningService = v1::IsolationService::WithRawCallbackMethod_Execute<
    v1::IsolationService::WithRawCallbackMethod_TryImport<
        v1::IsolationService::Service>>;

using RawStreamingService = v1::IsolationService::WithRawCallbackMethod_Iterate<
    v1::IsolationService::WithRawCallbackMethod_Fetch<
        v1::IsolationService::WithRawCallbackMethod_Put<RawRunningService>>>;

// The requests that carry payloads come as bytes, since they are forwarded as
// they are; the others as messages.
using RawIsolationService = v1::IsolationService::WithRawCallbackMethod_Import<
    v1::IsolationService::WithRawCallbackMethod_GetAttr<
        v1::IsolationService::WithRawCallbackMethod_Call<
            v1::IsolationService::WithRawCallbackMethod_SetAttr<
                v1::IsolationService::WithRawCallbackMethod_DelAttr<
                    v1::IsolationService::WithRawCallbackMethod_Next<
                        v1::IsolationService::WithRawCallbackMethod_Describe<
                            v1::IsolationService::WithRawCallbackMethod_Attach<
                                v1::IsolationService::WithCallbackMethod_Release<
                                    v1::IsolationService::WithCallbackMethod_OpenSession<
                                        v1::IsolationService::
                                            WithCallbackMethod_CloseSession<
                                                v1::IsolationService::
                                                    WithCallbackMethod_Cancel<
                                                        RawStreamingService>>>>>>>>>>>>;

// The RPCs of protos/envknit/v1/isolation_service.proto: thin handlers over the
// pools. Made by the RpcServer; handlers run on gRPC's threads and don't block.
class IsolationService final : public RawIsolationService {
 public:
  explicit IsolationService(std::shared_ptr<const RpcBackend> backend)
      : backend_(std::move(backend)) {}

  // Ends all streams with `status`, and those that come later at once.
  void EndStreams(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_);

  grpc::ServerUnaryReactor* Import(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetAttr(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Call(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SetAttr(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DelAttr(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Next(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Iterate(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Execute(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* TryImport(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Fetch(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerReadReactor<grpc::ByteBuffer>* Put(
      grpc::CallbackServerContext* context,
      grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Attach(
      grpc::CallbackServerContext* context) override ABSL_LOCKS_EXCLUDED(mu_);
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse* response) override;
  grpc::ServerUnaryReactor* OpenSession(
      grpc::CallbackServerContext* context,
      const v1::OpenSessionRequest* request,
      v1::OpenSessionResponse* response) override;
  grpc::ServerUnaryReactor* CloseSession(
      grpc::CallbackServerContext* context,
      const v1::CloseSessionRequest* request,
      v1::CloseSessionResponse* response) override;
  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context,
                                   const v1::CancelRequest* request,
                                   v1::CancelResponse* response) override;

 private:
  Identity Identify(const grpc::CallbackServerContext& context) const;

  const std::shared_ptr<const RpcBackend> backend_;

  absl::Mutex mu_;
  absl::flat_hash_map<uint32_t, std::weak_ptr<AttachStream>> streams_
      ABSL_GUARDED_BY(mu_);
  uint32_t next_carrier_ ABSL_GUARDED_BY(mu_) = 1;
  // Set when the server ends.
  absl::Status end_ ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ISOLATION_SERVICE_H_
