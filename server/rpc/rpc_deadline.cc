#include "server/rpc/rpc_deadline.h"

#include <chrono>

namespace envknit {

absl::Time RpcDeadline(const grpc::CallbackServerContext& context,
                       const Clock& clock) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) {
    return absl::InfiniteFuture();
  }
  return clock.Now() + (absl::FromChrono(deadline) - absl::Now());
}

}  // namespace envknit
