#include "server/rpc/handle_errors.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/types/optional.h"

#include "server/base/annotated_status.h"

namespace envknit {

absl::Status ClientStatus(const CallResult& result, const PoolRegistry& pools,
                          absl::string_view instance) {
  if (result.status.ok()) return result.status;
  absl::optional<ErrorDetail> detail = GetErrorDetail(result.status);
  if (!detail.has_value() || detail->reason != ErrorReason::kHandleExpired) {
    return result.status;
  }
  detail->metadata.emplace("instance", std::string(instance));
  const auto it = detail->metadata.find("epoch");
  Epoch epoch = 0;
  const bool of_living_worker =
      it != detail->metadata.end() && absl::SimpleAtoi(it->second, &epoch) &&
      epoch != result.worker.epoch && pools.EpochIsAlive(epoch);
  if (!of_living_worker) {
    return MakeError(ErrorReason::kHandleExpired, result.status.message(),
                     std::move(detail->metadata));
  }
  return MakeError(ErrorReason::kCrossWorker,
                   "the handle belongs to another worker; objects can't be "
                   "passed between workers",
                   std::move(detail->metadata));
}

}  // namespace envknit
