#ifndef ENVKNIT_SERVER_RPC_ADMIN_SERVICE_H_
#define ENVKNIT_SERVER_RPC_ADMIN_SERVICE_H_

#include "absl/time/time.h"

#include "envknit/v1/admin_service.grpc.pb.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

using CallbackAdminService = v1::AdminService::WithCallbackMethod_GetServerInfo<
    v1::AdminService::WithCallbackMethod_ListEnvironments<
        v1::AdminService::WithCallbackMethod_ListWorkers<
            v1::AdminService::WithCallbackMethod_ListSessions<
                v1::AdminService::Service>>>>;

// The RPCs of protos/envknit/v1/admin_service.proto. Made by the RpcServer;
// handlers run on gRPC's threads, and what reads files on the resolver's.
class AdminService final : public CallbackAdminService {
 public:
  // `backend` is borrowed.
  explicit AdminService(const RpcBackend* backend);

  grpc::ServerUnaryReactor* GetServerInfo(
      grpc::CallbackServerContext* context,
      const v1::GetServerInfoRequest* request,
      v1::GetServerInfoResponse* response) override;
  grpc::ServerUnaryReactor* ListEnvironments(
      grpc::CallbackServerContext* context,
      const v1::ListEnvironmentsRequest* request,
      v1::ListEnvironmentsResponse* response) override;
  grpc::ServerUnaryReactor* ListWorkers(
      grpc::CallbackServerContext* context,
      const v1::ListWorkersRequest* request,
      v1::ListWorkersResponse* response) override;
  grpc::ServerUnaryReactor* ListSessions(
      grpc::CallbackServerContext* context,
      const v1::ListSessionsRequest* request,
      v1::ListSessionsResponse* response) override;

 private:
  const RpcBackend* const backend_;
  const absl::Time started_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ADMIN_SERVICE_H_
