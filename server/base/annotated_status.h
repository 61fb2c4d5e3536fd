#ifndef ENVKNIT_SERVER_BASE_ANNOTATED_STATUS_H_
#define ENVKNIT_SERVER_BASE_ANNOTATED_STATUS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "server/base/error_reason.h"

namespace envknit {

// Everything dynamic that a message says, for programs: "limit" → "1000".
using ErrorMetadata = std::map<std::string, std::string>;

// What an infrastructure error carries beside code and message; it becomes the
// google.rpc.ErrorInfo of the gRPC status.
struct ErrorDetail {
  ErrorReason reason;
  ErrorMetadata metadata;
};

// Metadata key under which an error says how long to wait before a retry, in
// milliseconds.
inline constexpr absl::string_view kRetryDelayKey = "retry_delay_ms";

// An error with its reason, made where the failure is noticed. The status code
// is the reason's own (ErrorReasonCode).
absl::Status MakeError(ErrorReason reason, absl::string_view message,
                       ErrorMetadata metadata = {});

// MakeError for a failure that goes away by itself: adds `retry_delay` to the
// metadata.
absl::Status MakeRetriableError(ErrorReason reason, absl::string_view message,
                                absl::Duration retry_delay,
                                ErrorMetadata metadata = {});

// The detail MakeError attached; nullopt for OK, and for a status that is not
// ours or whose payload is damaged.
absl::optional<ErrorDetail> GetErrorDetail(const absl::Status& status);

// `status` with `metadata` added to its detail (an existing key keeps its
// value: the place nearest the failure knows best). A status without a detail
// comes back unchanged.
absl::Status WithMetadata(absl::Status status, const ErrorMetadata& metadata);

// `status` with "context: " before its message, code and detail kept; OK stays
// OK. For errors on their way up.
absl::Status WithContext(const absl::Status& status, absl::string_view context);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_ANNOTATED_STATUS_H_
