#include "server/rpc/access_log.h"

#include "absl/types/optional.h"

#include "server/base/annotated_status.h"
#include "server/base/error_reason.h"

namespace envknit {

absl::string_view MethodName(CallKind kind) {
  switch (kind) {
    case CallKind::kImport:
      return "Import";
    case CallKind::kGetAttr:
      return "GetAttr";
    case CallKind::kCall:
      return "Call";
    case CallKind::kRelease:
      return "Release";
    case CallKind::kEndSession:
      return "CloseSession";
    case CallKind::kSetAttr:
      return "SetAttr";
    case CallKind::kDelAttr:
      return "DelAttr";
    case CallKind::kFetch:
      return "Fetch";
    case CallKind::kPut:
      return "Put";
    case CallKind::kNext:
      return "Next";
    case CallKind::kDescribe:
      return "Describe";
    case CallKind::kExecute:
      return "Execute";
    case CallKind::kTryImport:
      return "TryImport";
  }
  return "";
}

void AccessLog::Write(const AccessRecord& record) const {
  const absl::optional<ErrorDetail> detail = GetErrorDetail(record.status);
  const LogField fields[] = {
      {"method", record.method},
      {"environment", record.environment},
      {"status", absl::StatusCodeToString(record.status.code())},
      {"reason", detail.has_value() ? ErrorReasonName(detail->reason)
                                    : absl::string_view("")},
      {"queue_ms", absl::ToDoubleMilliseconds(record.queued)},
      {"exec_ms", absl::ToDoubleMilliseconds(record.execution)},
      {"deadline_ms", absl::ToInt64Milliseconds(record.timeout)},
      {"request_bytes", record.request_bytes},
      {"reply_bytes", record.reply_bytes},
      {"pid", record.worker_pid},
      {"peer", record.peer},
  };
  logger_->Write(LogLevel::kInfo, "call", fields);
}

}  // namespace envknit
