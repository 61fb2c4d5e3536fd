#include "server/rpc/attach_log.h"

#include "absl/strings/str_cat.h"

namespace envknit {

void LogAttachCall(const AccessLog& log, const AttachLogEntry& entry,
                   const Session& session, const CallResult& result,
                   const Identity& identity, const std::string& peer) {
  const std::string method = absl::StrCat("Attach/", MethodName(entry.kind));
  AccessRecord record;
  record.method = method;
  record.environment = session.spec().environment->name;
  record.status = result.status;
  record.queued = result.queued;
  record.execution = result.execution;
  record.timeout = entry.timeout;
  record.request_bytes = entry.request_bytes;
  record.reply_bytes = result.body.size();
  record.worker_pid = result.worker.pid;
  record.peer = absl::StrCat(identity, " ", peer);
  log.Write(record);
}

}  // namespace envknit
