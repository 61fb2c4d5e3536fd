#include "server/rpc/status_mapping.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"

#include "server/base/annotated_status.h"
#include "server/rpc/utf8_text.h"

namespace envknit {
namespace {

// The trailers hold the message twice (percent-encoded, and in the details) and
// the details in base64. 450 bytes of message are at most 1,350 encoded, and
// details of 4,000 bytes are 5,340: together below 8 KiB with what gRPC adds.
constexpr std::size_t kMaxMessageBytes = 450;
constexpr std::size_t kMaxMetadataBytes = 3000;
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

struct TextLimits {
  std::size_t message = kNoLimit;
  std::size_t metadata = kNoLimit;
};

ErrorDetail DetailOf(const absl::Status& status) {
  absl::optional<ErrorDetail> detail = GetErrorDetail(status);
  if (detail.has_value()) return *std::move(detail);
  return ErrorDetail{ErrorReason::kInternal,
                     {{"what", absl::StatusCodeToString(status.code())}}};
}

void AddRetryInfo(const ErrorMetadata& metadata, google::rpc::Status& out) {
  const auto it = metadata.find(std::string(kRetryDelayKey));
  int64_t delay_ms = 0;
  if (it == metadata.end() || !absl::SimpleAtoi(it->second, &delay_ms) ||
      delay_ms < 0) {
    return;
  }
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay_ms % 1000) *
                                         1000000);
  out.add_details()->PackFrom(retry);
}

google::rpc::Status Convert(const absl::Status& status,
                            const TextLimits& limits) {
  google::rpc::Status out;
  if (status.ok()) return out;
  const ErrorDetail detail = DetailOf(status);
  out.set_code(static_cast<int>(ErrorReasonCode(detail.reason)));
  out.set_message(KeepBeginning(ToValidUtf8(status.message()), limits.message));

  google::rpc::ErrorInfo info;
  info.set_domain(std::string(kErrorDomain));
  info.set_reason(std::string(ErrorReasonName(detail.reason)));
  // Short values are kept whole; what is left of the room is the long ones'.
  std::size_t room = limits.metadata;
  std::size_t left = detail.metadata.size();
  std::multimap<std::size_t, const ErrorMetadata::value_type*> by_size;
  for (const auto& entry : detail.metadata) {
    by_size.emplace(entry.first.size() + entry.second.size(), &entry);
  }
  for (const auto& [size, entry] : by_size) {
    const std::size_t share = room / left--;
    if (entry->first.size() > share) continue;
    std::string value =
        KeepEnd(ToValidUtf8(entry->second), share - entry->first.size());
    room -= entry->first.size() + value.size();
    (*info.mutable_metadata())[ToValidUtf8(entry->first)] = std::move(value);
  }
  out.add_details()->PackFrom(info);
  AddRetryInfo(detail.metadata, out);
  return out;
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  return Convert(status, TextLimits{});
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status details =
      Convert(status, TextLimits{kMaxMessageBytes, kMaxMetadataBytes});
  return grpc::Status(static_cast<grpc::StatusCode>(details.code()),
                      details.message(), details.SerializeAsString());
}

}  // namespace envknit
