#ifndef ENVKNIT_SERVER_RPC_ROUTING_H_
#define ENVKNIT_SERVER_RPC_ROUTING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/call.h"

namespace envknit {

// What the daemon reads of a request that runs user code: fields 1-8, which are
// the same in every such request, and the target for logs. The rest is the
// worker's.
struct Routing {
  // The serialized EnvironmentSelector; empty if the request has none.
  std::string environment;
  std::string session;
  absl::optional<absl::Duration> timeout;
  uint64_t call_id = 0;
  bool idempotent = false;
  IsolationRequest isolation = IsolationRequest::kProcess;
  absl::optional<absl::Duration> start_timeout;
  // "module.path", "handle.path" or "Execute", at most 256 bytes: for people.
  std::string target;
};

// Reads them out of a serialized request of that kind. INVALID_REQUEST {field}
// when these fields, or the message's outermost layer, are malformed.
absl::StatusOr<Routing> ParseRouting(CallKind kind, absl::string_view request);

// Only the target of such a request, for carriers that have routing fields of
// their own; empty when there is none or the request is malformed.
std::string ParseTarget(CallKind kind, absl::string_view request);

// Whether running such a request twice does no harm, whatever it says.
bool IsIdempotentByNature(CallKind kind);

// INVALID_REQUEST {field: isolation} for a number that is no IsolationKind.
absl::StatusOr<IsolationRequest> ParseIsolation(int64_t number);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ROUTING_H_
