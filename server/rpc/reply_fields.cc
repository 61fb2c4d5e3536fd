#include "server/rpc/reply_fields.h"

#include <cstdint>
#include <utility>

#include "server/rpc/utf8_text.h"

namespace envknit {
namespace {

v1::LadderNotice::Action ConvertAction(LadderNotice::Action action) {
  switch (action) {
    case LadderNotice::Action::kFinished:
      return v1::LadderNotice::ACTION_FINISHED;
    case LadderNotice::Action::kInterrupted:
      return v1::LadderNotice::ACTION_INTERRUPTED;
    case LadderNotice::Action::kRetired:
      return v1::LadderNotice::ACTION_RETIRED;
    case LadderNotice::Action::kKilled:
      return v1::LadderNotice::ACTION_KILLED;
  }
  return v1::LadderNotice::ACTION_UNSPECIFIED;
}

void SetDuration(absl::Duration from, google::protobuf::Duration* to) {
  absl::Duration rest;
  to->set_seconds(absl::IDivDuration(from, absl::Seconds(1), &rest));
  to->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

IsolationChoice WithReason(IsolationKind kind) {
  return {kind, kind == IsolationKind::kProcess
                    ? "process workers run every package"
                    : "asked for by the request"};
}

}  // namespace

IsolationChoice IsolationAskedFor(IsolationRequest request) {
  return WithReason(request == IsolationRequest::kSubinterpreter
                        ? IsolationKind::kSubinterpreter
                        : IsolationKind::kProcess);
}

IsolationChoice IsolationOf(const SessionSpec& session) {
  if (session.isolation_reason.empty()) return WithReason(session.isolation);
  return {session.isolation, session.isolation_reason};
}

v1::WorkerDescription DescribeWorker(const WorkerInfo& worker,
                                     const Environment& environment,
                                     const IsolationChoice& isolation,
                                     absl::string_view instance) {
  v1::WorkerDescription description;
  description.set_epoch(worker.epoch);
  description.set_pid(worker.pid);
  description.set_python(worker.python);
  description.set_isolation(static_cast<v1::IsolationKind>(isolation.kind));
  description.set_isolation_reason(ToValidUtf8(isolation.reason));
  description.set_environment(ToValidUtf8(environment.name));
  description.set_digest(environment.digest);
  description.set_instance(std::string(instance));
  return description;
}

absl::optional<v1::ReplyInfo> DescribeReply(const CallResult& result) {
  if (result.implicit_session.empty() && result.new_epoch == 0 &&
      result.notices.empty()) {
    return absl::nullopt;
  }
  v1::ReplyInfo info;
  info.set_session(result.implicit_session);
  info.set_epoch(result.new_epoch);
  for (const LadderNotice& notice : result.notices) {
    v1::LadderNotice* added = info.add_notices();
    added->set_action(ConvertAction(notice.action));
    added->set_target(ToValidUtf8(notice.target));
    added->set_stack(ToValidUtf8(notice.stack));
  }
  return info;
}

std::string AppendedFields(CallKind kind, const CallResult& result,
                           const v1::WorkerDescription& worker) {
  v1::ReplyInfo info = DescribeReply(result).value_or(v1::ReplyInfo());
  SetDuration(result.queued, info.mutable_queued());
  SetDuration(result.execution, info.mutable_execution());
  if (kind == CallKind::kImport) {
    v1::ImportResponse fields;
    *fields.mutable_info() = std::move(info);
    *fields.mutable_worker() = worker;
    return fields.SerializeAsString();
  }
  // `info` has one number in every response.
  v1::CallResponse fields;
  *fields.mutable_info() = std::move(info);
  return fields.SerializeAsString();
}

}  // namespace envknit
