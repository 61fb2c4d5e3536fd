#include "server/base/annotated_status.h"

#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace envknit {
namespace {

constexpr absl::string_view kPayloadUrl = "envknit/error-detail";

// The payload never leaves the process: the reason's name, then keys and
// values, each ended by one NUL. A NUL inside metadata would shift the fields,
// so it is replaced.
std::string Encode(const ErrorDetail& detail) {
  std::string out(ErrorReasonName(detail.reason));
  const auto append = [&out](absl::string_view text) {
    out.push_back('\0');
    for (const char c : text) out.push_back(c == '\0' ? '?' : c);
  };
  for (const auto& [key, value] : detail.metadata) {
    append(key);
    append(value);
  }
  return out;
}

absl::optional<ErrorDetail> Decode(const std::string& payload) {
  const std::vector<std::string> fields = absl::StrSplit(payload, '\0');
  const absl::optional<ErrorReason> reason = ParseErrorReason(fields[0]);
  if (!reason.has_value() || fields.size() % 2 != 1) return absl::nullopt;
  ErrorDetail detail{*reason, {}};
  for (std::size_t i = 1; i < fields.size(); i += 2) {
    detail.metadata.emplace(fields[i], fields[i + 1]);
  }
  return detail;
}

void Attach(absl::Status& status, const ErrorDetail& detail) {
  status.SetPayload(kPayloadUrl, absl::Cord(Encode(detail)));
}

}  // namespace

absl::Status MakeError(ErrorReason reason, absl::string_view message,
                       ErrorMetadata metadata) {
  absl::Status status(ErrorReasonCode(reason), message);
  Attach(status, {reason, std::move(metadata)});
  return status;
}

absl::Status MakeRetriableError(ErrorReason reason, absl::string_view message,
                                absl::Duration retry_delay,
                                ErrorMetadata metadata) {
  metadata[std::string(kRetryDelayKey)] =
      absl::StrCat(absl::ToInt64Milliseconds(retry_delay));
  return MakeError(reason, message, std::move(metadata));
}

absl::optional<ErrorDetail> GetErrorDetail(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return absl::nullopt;
  return Decode(std::string(*payload));
}

absl::Status WithMetadata(absl::Status status, const ErrorMetadata& metadata) {
  absl::optional<ErrorDetail> detail = GetErrorDetail(status);
  if (!detail.has_value()) return status;
  detail->metadata.insert(metadata.begin(), metadata.end());
  Attach(status, *detail);
  return status;
}

absl::Status WithContext(const absl::Status& status,
                         absl::string_view context) {
  if (status.ok()) return status;
  absl::Status wrapped(status.code(),
                       absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload(
      [&wrapped](absl::string_view url, const absl::Cord& payload) {
        wrapped.SetPayload(url, payload);
      });
  return wrapped;
}

}  // namespace envknit
