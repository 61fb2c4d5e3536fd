#include "python_client/native/session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/argument_proxies.h"
#include "python_client/native/description_reader.h"
#include "python_client/native/status_reader.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/call_arguments.h"
#include "server/pyvalue/value_encoder.h"
#include "server/pyvalue/value_schema.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

// Field numbers of calls.proto, outcome.proto and attach.proto.
constexpr uint32_t kImportModule = 9;
constexpr uint32_t kInfoEpoch = 2;
constexpr uint32_t kWantHandle = 3;
constexpr uint32_t kImportedWorker = 14;
// Codes of google.rpc.
constexpr int kDeadlineExceeded = 4;
constexpr int kResourceExhausted = 8;
constexpr int kFailedPrecondition = 9;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;
// The server answers at a call's deadline. If it doesn't, it is asked for a
// sign of life after this time, and again, until it gives none for kSilence.
constexpr auto kCourtesy = std::chrono::milliseconds(250);
constexpr auto kSilence = std::chrono::seconds(1);
// No session has it: the server answers such a call itself, at once.
constexpr uint32_t kNoSession = 0;
// Longer timeouts are as good as none.
constexpr double kLongestTimeout = 1e8;

std::string_view View(protozero::data_view view) {
  return {view.data(), view.size()};
}

std::chrono::nanoseconds ToDuration(double seconds) {
  return std::chrono::nanoseconds(
      static_cast<int64_t>(std::min(seconds, kLongestTimeout) * 1e9));
}

std::string Mebibytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g MiB",
                static_cast<double>(bytes) / (1 << 20));
  return text;
}

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
      number_(connection_->NextSessionNumber()) {}

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

py::dict Session::Import(const std::string& module, double timeout_seconds,
                         double slack_seconds, const py::object& context) {
  ByteWriter request;
  request.BytesField(kImportModule, module);
  const Answer answer = Ask(AttachMethod::kImport, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  py::dict result;
  try {
    std::string_view exception;
    protozero::pbf_reader body(answer.reply.payload.data(),
                               answer.reply.payload.size());
    while (body.next()) {
      switch (body.tag()) {
        case 1:
          result["module"] = ReadModuleDescription(View(body.get_view()));
          break;
        case 2:
          exception = View(body.get_view());
          break;
        case kImportedWorker:
          result["worker"] = ReadWorkerDescription(View(body.get_view()));
          break;
        default:
          body.skip();
      }
    }
    if (!exception.empty()) {
      ReplyDecoder decoder(this);
      ThrowException(hooks_->make_exception(
          ReadRemoteException(exception, [&](std::string_view value) {
            return decoder.Decode(value, context);
          })));
    }
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
  if (!result.contains("module")) ThrowMalformed();
  return result;
}

py::object Session::GetAttr(const Target& target, bool as_handle,
                            double timeout_seconds, double slack_seconds,
                            const py::object& context) {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(schema::call_request::kTarget, target.bytes());
  if (as_handle) request.VarintField(schema::call_request::kWant, kWantHandle);
  const Answer answer = Ask(AttachMethod::kGetAttr, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  return TakeOutcome(answer.reply.payload, context);
}

py::object Session::Call(const Target& target, const py::tuple& args,
                         const py::object& kwargs, double timeout_seconds,
                         double slack_seconds, const py::object& context) {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(schema::call_request::kTarget, target.bytes());
  // Encoders are made for each call: resolving a proxy makes a call of its own.
  ArgumentProxies proxies(*this, *hooks_);
  ValueEncoder encoder(ValueLimits(), &proxies);
  CodecError error;
  PyObject* named = kwargs.is_none() ? nullptr : kwargs.ptr();
  if (!EncodeCallArguments(encoder, request, args.ptr(), named, error)) {
    ThrowUnsent(error);
  }
  const Answer answer = Ask(AttachMethod::kCall, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  return TakeOutcome(answer.reply.payload, context);
}

void Session::ThrowUnsent(const CodecError& error) const {
  py::dict metadata;
  if (error.kind == CodecError::Kind::kHandle) {
    metadata["handle"] = std::to_string(error.handle);
    metadata["epoch"] = std::to_string(error.epoch);
    ThrowError(*hooks_, kFailedPrecondition, error.reason.c_str(), error.Text(),
               metadata);
  }
  if (error.kind == CodecError::Kind::kOverLimit) {
    metadata["limit"] = error.limit;
    std::string text = error.Text();
    if (error.limit == "message_bytes") {
      text +=
          "; a message has at most " + Mebibytes(ValueLimits().message_bytes);
    }
    ThrowError(*hooks_, kResourceExhausted, "LIMIT_EXCEEDED", text, metadata);
  }
  RaiseCodecError(error);
  throw py::error_already_set();
}

Session::Answer Session::Ask(AttachMethod method, std::string body,
                             double timeout_seconds, double slack_seconds,
                             const py::object& context) {
  AttachStream& stream = connection_->stream();
  if (!ended()) stream.Poll();
  if (ended()) ThrowNotSent();
  if (body.size() > stream.max_body_bytes()) {
    py::dict metadata;
    metadata["limit"] = "message_bytes";
    metadata["value"] = std::to_string(body.size());
    ThrowError(*hooks_, kResourceExhausted, "LIMIT_EXCEEDED",
               "the arguments are too large for one message: " +
                   Mebibytes(body.size()) + ", and the server takes " +
                   Mebibytes(stream.max_body_bytes()),
               metadata);
  }
  // Another thread may drop the last reference while we wait.
  const std::shared_ptr<Session> self = shared_from_this();
  AttachFrame frame;
  frame.method = method;
  frame.session_number = number_;
  if (timeout_seconds < kLongestTimeout)
    frame.timeout = ToDuration(timeout_seconds);
  frame.body = std::move(body);
  PendingCall pending;
  if (method != AttachMethod::kImport) pending.session_number = number_;
  WaitEnd end;
  {
    py::gil_scoped_release no_gil;
    stream.Send(std::move(frame), &pending);
    end = AwaitReply(&pending, ToDuration(timeout_seconds),
                     ToDuration(slack_seconds));
  }
  if (end != WaitEnd::kReplied) ThrowEnd(end, pending.call_id, timeout_seconds);

  Answer answer;
  answer.bytes = std::move(pending.reply);
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

WaitEnd Session::AwaitReply(PendingCall* pending,
                            std::chrono::nanoseconds timeout,
                            std::chrono::nanoseconds slack) {
  AttachStream& stream = connection_->stream();
  SteadyTime until = std::chrono::steady_clock::now() + timeout + kCourtesy;
  const SteadyTime end_of_patience = until + slack;
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
  AttachFrame cancel;
  cancel.kind = FrameKind::kCancel;
  cancel.numbered = false;
  cancel.target_call_id = call_id;
  connection_->stream().Send(std::move(cancel), nullptr);
  if (end == WaitEnd::kInterrupted) throw py::error_already_set();
  py::dict metadata;
  metadata["timeout_ms"] =
      std::to_string(static_cast<int64_t>(timeout_seconds * 1e3));
  ThrowError(*hooks_, kDeadlineExceeded, "DEADLINE_EXPIRED_RUNNING",
             "the server did not answer in time", metadata);
}

void Session::CheckTarget(const Target& target) const {
  const Handle* handle = target.handle();
  if (handle == nullptr || handle->IsOf(*this)) return;
  py::dict metadata;
  metadata["handle"] = std::to_string(handle->fields().id);
  metadata["epoch"] = std::to_string(handle->fields().epoch);
  ThrowError(*hooks_, kFailedPrecondition, "HANDLE_EXPIRED",
             "the worker that held this object is gone", metadata);
}

void Session::TakeInfo(std::string_view info, const py::object& context) {
  uint64_t epoch = 0;
  try {
    protozero::pbf_reader reader(info.data(), info.size());
    while (reader.next()) {
      if (reader.tag() == kInfoEpoch) {
        epoch = reader.get_uint64();
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
  if (epoch == 0 || epoch == epoch_) return;
  epoch_ = epoch;
  // A new worker's type ids are its own, so this comes before a reply's types.
  classes_.clear();
  // Before the first answer there was no worker to be replaced.
  if (answered_) hooks_->worker_replaced(context);
}

py::object Session::TakeOutcome(std::string_view response,
                                const py::object& context) {
  try {
    std::string_view outcome;
    protozero::pbf_reader body(response.data(), response.size());
    while (body.next()) {
      if (body.tag() == 1) {
        outcome = View(body.get_view());
      } else {
        body.skip();
      }
    }
    std::string_view value;
    std::string_view exception;
    protozero::pbf_reader reader(outcome.data(), outcome.size());
    while (reader.next()) {
      if (reader.tag() == 1) {
        value = View(reader.get_view());
      } else if (reader.tag() == 3) {
        exception = View(reader.get_view());
      } else if (reader.tag() == 4) {
        AddType(View(reader.get_view()));
      } else {
        reader.skip();
      }
    }
    std::unique_ptr<ReplyDecoder> decoder;
    if (idle_decoders_.empty()) {
      decoder = std::make_unique<ReplyDecoder>(this);
    } else {
      decoder = std::move(idle_decoders_.back());
      idle_decoders_.pop_back();
    }
    if (exception.data() != nullptr) {
      ThrowException(hooks_->make_exception(
          ReadRemoteException(exception, [&](std::string_view arg) {
            return decoder->Decode(arg, context);
          })));
    }
    py::object result = decoder->Decode(value, context);
    idle_decoders_.push_back(std::move(decoder));
    return result;
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
}

py::object Session::MakeProxy(HandleFields fields, const py::object& context) {
  const py::object type = ClassOf(fields.type_id);
  return type(std::make_shared<Handle>(connection_, weak_from_this(), number_,
                                       std::move(fields)),
              context);
}

void Session::AddType(std::string_view info) {
  const py::dict fields = ReadTypeInfo(info);
  classes_[fields["type_id"].cast<uint32_t>()] = hooks_->make_class(fields);
}

py::object Session::ClassOf(uint32_t type_id) {
  auto found = classes_.find(type_id);
  if (found == classes_.end()) {
    // It stood in a reply that came after its caller gave up.
    for (const std::string& info : connection_->TakeLateTypes(number_))
      AddType(info);
    found = classes_.find(type_id);
  }
  if (found == classes_.end()) {
    // Or in one that the server dropped: then nothing is known of it.
    py::dict unknown;
    unknown["type_id"] = type_id;
    found = classes_.emplace(type_id, hooks_->make_class(unknown)).first;
  }
  return found->second;
}

void Session::ThrowMalformed() const {
  ThrowError(*hooks_, kInternal, "INTERNAL",
             "the server's reply can't be read");
}

}  // namespace envknit::native
