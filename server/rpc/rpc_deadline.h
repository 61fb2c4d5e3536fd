#ifndef ENVKNIT_SERVER_RPC_RPC_DEADLINE_H_
#define ENVKNIT_SERVER_RPC_RPC_DEADLINE_H_

#include "absl/time/time.h"
#include "grpcpp/server_context.h"

#include "envknit/clock.h"

namespace envknit {

// gRPC's deadline on our clock, which need not be the system's; InfiniteFuture
// when there is none.
absl::Time RpcDeadline(const grpc::CallbackServerContext& context,
                       const Clock& clock);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_RPC_DEADLINE_H_
