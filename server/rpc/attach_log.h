#ifndef ENVKNIT_SERVER_RPC_ATTACH_LOG_H_
#define ENVKNIT_SERVER_RPC_ATTACH_LOG_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"

#include "envknit/call.h"
#include "server/pool/session.h"
#include "server/rpc/access_log.h"

namespace envknit {

// What is known of a stream's call when it is submitted, for its line.
struct AttachLogEntry {
  CallKind kind = CallKind::kCall;
  std::size_t request_bytes = 0;
  absl::Duration timeout;
};

// Writes the line of a call that came over a stream.
void LogAttachCall(const AccessLog& log, const AttachLogEntry& entry,
                   const Session& session, const CallResult& result,
                   const Identity& identity, const std::string& peer);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ATTACH_LOG_H_
