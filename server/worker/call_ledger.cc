#include "server/worker/call_ledger.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/worker/control_messages.h"

namespace envknit {
namespace {

absl::Status Broken(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

}  // namespace

bool CallLedger::Add(CallId id, uint64_t session) {
  if (id <= last_id_) return false;
  last_id_ = id;
  calls_.push_back({id, session, all_cancelled_});
  return true;
}

void CallLedger::RemoveLast() { calls_.pop_back(); }

bool CallLedger::MarkCancelled(CallId id) {
  const auto call = std::find_if(calls_.begin(), calls_.end(),
                                 [id](const Call& c) { return c.id == id; });
  if (call == calls_.end()) return false;
  call->cancelled = true;
  return true;
}

void CallLedger::CancelAll() {
  all_cancelled_ = true;
  for (Call& call : calls_) call.cancelled = true;
}

absl::Status CallLedger::Check(const Frame& frame, const Call& call) const {
  const FrameHeader& header = frame.header;
  if (header.carrier != kDaemonCarrier || header.call_id != call.id) {
    return Broken(absl::StrCat("reply to call ", header.carrier, "/",
                               header.call_id, ", the next is ", call.id));
  }
  if (header.session != call.session) {
    return Broken(absl::StrCat("reply for session ", header.session,
                               " to a call of session ", call.session));
  }
  const bool skipped = header.has_flag(kFrameSkipped);
  if (!call.cancelled && (skipped || header.has_flag(kFrameInterrupted))) {
    return Broken("a call that was not cancelled came back cancelled");
  }
  if (skipped && (!frame.payload.empty() || header.handle_count != 0 ||
                  header.status != StatusCode::kOk)) {
    return Broken("a skipped call has a result");
  }
  if (header.handle_count == 0) return absl::OkStatus();
  // Each handle takes some bytes of the payload.
  if (header.status != StatusCode::kOk ||
      header.handle_count > frame.payload.size()) {
    return Broken(absl::StrCat("reply of ", frame.payload.size(),
                               " bytes claims ", header.handle_count,
                               " handles"));
  }
  if (header.first_handle <= last_handle_ ||
      header.first_handle >
          std::numeric_limits<uint64_t>::max() - header.handle_count) {
    return Broken(absl::StrCat("handle ", header.first_handle,
                               " is not a new one, the last was ",
                               last_handle_));
  }
  return absl::OkStatus();
}

absl::StatusOr<WorkerReply> CallLedger::Take(Frame frame) {
  const FrameHeader& header = frame.header;
  if (header.kind != FrameKind::kReply) {
    return Broken(absl::StrCat("a frame ",
                               std::string(FrameKindName(header.kind)),
                               " on the call channel"));
  }
  if (calls_.empty()) {
    return Broken(absl::StrCat("reply to call ", header.carrier, "/",
                               header.call_id, ", none is open"));
  }
  absl::Status checked = Check(frame, calls_.front());
  if (!checked.ok()) return checked;
  calls_.pop_front();
  WorkerReply reply;
  reply.id = header.call_id;
  reply.execution = absl::Microseconds(header.execution_us);
  reply.interrupted = header.has_flag(kFrameInterrupted);
  reply.skipped = header.has_flag(kFrameSkipped);
  reply.retire = header.has_flag(kFrameRetire);
  reply.more = header.has_flag(kFrameMore);
  if (header.status != StatusCode::kOk) {
    reply.status = ParseFailure(frame.payload);
    return reply;
  }
  if (header.handle_count != 0) {
    reply.first_handle = header.first_handle;
    reply.handle_count = header.handle_count;
    last_handle_ = header.first_handle + header.handle_count - 1;
  }
  reply.body = std::move(frame.payload);
  return reply;
}

}  // namespace envknit
