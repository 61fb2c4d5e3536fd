#include "python_client/native/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "python_client/native/call_patience.h"
#include "python_client/native/gil.h"
#include "python_client/native/quantity_text.h"
#include "python_client/native/rpc_codes.h"
#include "python_client/native/status_reader.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

py::dict ToDict(
    const std::vector<std::pair<std::string, std::string>>& entries) {
  py::dict result;
  for (const auto& [key, value] : entries) result[py::str(key)] = value;
  return result;
}

}  // namespace

Session::Session(std::shared_ptr<Connection> connection,
                 std::shared_ptr<const PythonHooks> hooks)
    : connection_(std::move(connection)),
      hooks_(std::move(hooks)),
      number_(connection_->NextSessionNumber()) {
  connection_->types().Open(number_);
}

Session::~Session() {
  // In a forked child its lock may be held for ever.
  if (!connection_->inherited()) connection_->types().Close(number_);
}

void Session::Open(const std::string& request) {
  AttachFrame frame;
  frame.kind = FrameKind::kOpen;
  frame.session_number = number_;
  frame.body = request;
  connection_->stream().Send(std::move(frame), nullptr);
}

void Session::Close() {
  if (ended()) return;
  AttachFrame frame;
  frame.kind = FrameKind::kClose;
  frame.session_number = number_;
  connection_->stream().Send(std::move(frame), nullptr);
}

void Session::CheckOpen() const {
  if (connection_->inherited()) ThrowNotSent();
  AttachStream& stream = connection_->stream();
  stream.Poll();
  if (stream.broken()) ThrowNotSent();
}

AttachFrame Session::MakeFrame(AttachMethod method, std::string body,
                               double timeout_seconds) const {
  AttachFrame frame;
  frame.method = method;
  frame.session_number = number_;
  if (timeout_seconds < kLongestTimeout)
    frame.timeout = ToDuration(timeout_seconds);
  frame.body = std::move(body);
  return frame;
}

AttachFrame Session::MakeCheckedFrame(AttachMethod method, std::string body,
                                      double timeout_seconds) const {
  CheckOpen();
  const uint64_t limit = connection_->stream().max_body_bytes();
  if (body.size() > limit) {
    py::dict metadata;
    metadata["limit"] = "message_bytes";
    metadata["value"] = std::to_string(body.size());
    ThrowError(*hooks_, kResourceExhausted, "LIMIT_EXCEEDED",
               "the arguments are too large for one message: " +
                   Mebibytes(body.size()) + ", and the server takes " +
                   Mebibytes(limit),
               metadata);
  }
  return MakeFrame(method, std::move(body), timeout_seconds);
}

Session::Answer Session::Ask(AttachMethod method, std::string body,
                             double timeout_seconds, double slack_seconds,
                             const py::object& context) {
  AttachFrame frame =
      MakeCheckedFrame(method, std::move(body), timeout_seconds);
  // Another thread may drop the last reference while we wait.
  const std::shared_ptr<Session> self = shared_from_this();
  PendingCall pending;
  pending.method = method;
  pending.session_number = number_;
  WaitEnd end;
  {
    GilReleased no_gil;
    connection_->stream().Send(std::move(frame), &pending);
    end = AwaitReply(&pending, timeout_seconds, slack_seconds);
  }
  return TakeAnswer(end, &pending, timeout_seconds, context);
}

Session::Answer Session::TakeAnswer(WaitEnd end, PendingCall* pending,
                                    double timeout_seconds,
                                    const py::object& context) {
  if (end != WaitEnd::kReplied)
    ThrowEnd(end, pending->call_id, timeout_seconds);
  return TakeReply(pending->method, std::move(pending->reply), context);
}

Session::Answer Session::TakeReply(AttachMethod method, ReplyBytes bytes,
                                   const py::object& context) {
  Answer answer;
  answer.bytes = std::move(bytes);
  if (!ParseReply(answer.bytes.view(), &answer.reply)) ThrowMalformed();
  TakeInfo(answer.reply.info, context);
  if (answer.reply.kind == AttachReply::Kind::kBody) {
    answered_ = true;
    // An import can be repeated on another worker.
    if (method != AttachMethod::kImport) used_ = true;
    return answer;
  }
  if (answer.reply.kind != AttachReply::Kind::kError) ThrowMalformed();
  const InfrastructureError error = ReadStatus(answer.reply.payload);
  ThrowError(*hooks_, error.code, error.reason.c_str(), error.message,
             ToDict(error.metadata));
}

WaitEnd Session::AwaitReply(PendingCall* pending, double timeout_seconds,
                            double slack_seconds) {
  AttachStream& stream = connection_->stream();
  SteadyTime until = std::chrono::steady_clock::now() +
                     ToDuration(timeout_seconds) + kCourtesy;
  const SteadyTime end_of_patience = until + ToDuration(slack_seconds);
  while (true) {
    WaitEnd end = stream.Wait(pending, until, SignalRaised);
    if (end == WaitEnd::kExpired && until < end_of_patience) {
      end = Probe();
      until = std::min(std::chrono::steady_clock::now() + kSilence,
                       end_of_patience);
      if (end == WaitEnd::kReplied) continue;
      // That is the probe's: the call itself was sent.
      if (end == WaitEnd::kRefused)
        end = stream.broken() ? WaitEnd::kBroken : WaitEnd::kExpired;
    }
    if (end != WaitEnd::kReplied) stream.Abandon(pending);
    return end;
  }
}

WaitEnd Session::Probe() {
  AttachStream& stream = connection_->stream();
  AttachFrame frame;
  frame.method = AttachMethod::kGetAttr;
  frame.session_number = kNoSession;
  PendingCall probe;
  stream.Send(std::move(frame), &probe);
  const WaitEnd end = stream.Wait(
      &probe, std::chrono::steady_clock::now() + kSilence, SignalRaised);
  stream.Abandon(&probe);
  return end;
}

void Session::ThrowNotSent() const {
  std::string text =
      "the connection to the server at " + connection_->address() + " is gone";
  // Its lock may be held for ever in a forked child.
  if (!connection_->inherited() && connection_->stream().broken()) {
    const StreamEnd why = connection_->stream().end();
    if (!why.greeted) text = Unreached(why);
  }
  ThrowError(*hooks_, kUnavailable, "NOT_SENT", text);
}

std::string Session::Unreached(const StreamEnd& why) const {
  return "can't reach a server at " + connection_->address() + ": " +
         why.message;
}

void Session::Cancel(uint64_t call_id) {
  AttachFrame cancel;
  cancel.kind = FrameKind::kCancel;
  cancel.numbered = false;
  cancel.target_call_id = call_id;
  connection_->stream().Send(std::move(cancel), nullptr);
}

void Session::ThrowEnd(WaitEnd end, uint64_t call_id, double timeout_seconds) {
  if (end == WaitEnd::kRefused) ThrowNotSent();
  if (end == WaitEnd::kBroken) {
    const StreamEnd why = connection_->stream().end();
    const InfrastructureError error = ReadStatus(why.details);
    if (!error.reason.empty()) {
      ThrowError(*hooks_, error.code, error.reason.c_str(), error.message,
                 ToDict(error.metadata));
    }
    if (!why.greeted) {
      ThrowError(*hooks_, kUnavailable, "NOT_REACHED", Unreached(why));
    }
    ThrowError(*hooks_, kUnavailable, "CONNECTION_LOST", why.message);
  }
  Cancel(call_id);
  if (end == WaitEnd::kInterrupted) throw py::error_already_set();
  py::dict metadata;
  metadata["timeout_ms"] =
      std::to_string(static_cast<int64_t>(timeout_seconds * 1e3));
  ThrowError(*hooks_, kDeadlineExceeded, "DEADLINE_EXPIRED_RUNNING",
             "the server did not answer in time", metadata);
}

}  // namespace envknit::native
