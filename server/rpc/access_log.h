#ifndef ENVKNIT_SERVER_RPC_ACCESS_LOG_H_
#define ENVKNIT_SERVER_RPC_ACCESS_LOG_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "envknit/call.h"
#include "server/base/log.h"

namespace envknit {

// The RPC that runs calls of this kind: "Call", "GetAttr", "Import" …
absl::string_view MethodName(CallKind kind);

// What the access log says of one request; never its arguments or values.
struct AccessRecord {
  // "Call", "Attach/Call": the second is one request of a stream.
  absl::string_view method;
  std::string environment;
  absl::Status status;
  absl::Duration queued;
  absl::Duration execution;
  // What the request had when it arrived.
  absl::Duration timeout;
  std::size_t request_bytes = 0;
  std::size_t reply_bytes = 0;
  // 0 when no worker ran it.
  int worker_pid = 0;
  std::string peer;
};

// One line a request, at level info; where the log keeps less, a request costs
// one virtual call here. Made by main; thread-safe.
class AccessLog final {
 public:
  // `logger` is borrowed.
  explicit AccessLog(Logger* logger) : logger_(logger) {}

  // Ask before collecting a record.
  bool enabled() const { return logger_->Enabled(LogLevel::kInfo); }

  void Write(const AccessRecord& record) const;

 private:
  Logger* const logger_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ACCESS_LOG_H_
