#ifndef ENVKNIT_SERVER_RPC_ATTACH_REQUEST_H_
#define ENVKNIT_SERVER_RPC_ATTACH_REQUEST_H_

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

#include "envknit/call.h"

namespace envknit {

// One message of an Attach stream (protos/envknit/v1/attach.proto), read
// without message objects: the body of a call goes straight into the string
// that is handed to the worker.
struct AttachCallRequest {
  uint64_t call_id = 0;
  CallKind kind = CallKind::kCall;
  uint32_t session_number = 0;
  absl::optional<absl::Duration> timeout;
  bool idempotent = false;
  std::string body;
};

struct AttachCancelRequest {
  uint64_t call_id = 0;
};

struct AttachOpenRequest {
  uint64_t call_id = 0;
  uint32_t session_number = 0;
  // The serialized OpenSessionRequest.
  std::string request;
};

struct AttachCloseRequest {
  uint64_t call_id = 0;
  uint32_t session_number = 0;
};

using AttachRequestKind = std::variant<AttachCallRequest, AttachCancelRequest,
                                       AttachOpenRequest, AttachCloseRequest>;

// Reads one AttachRequest out of the pieces it was received in.
// INVALID_REQUEST {field} when it is malformed or of no known kind.
absl::StatusOr<AttachRequestKind> ParseAttachRequest(
    absl::Span<const absl::string_view> chunks);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ATTACH_REQUEST_H_
