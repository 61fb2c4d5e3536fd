#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/argument_proxies.h"
#include "python_client/native/description_reader.h"
#include "python_client/native/quantity_text.h"
#include "python_client/native/rpc_codes.h"
#include "python_client/native/session.h"
#include "python_client/native/wire_view.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/call_arguments.h"
#include "server/pyvalue/value_encoder.h"
#include "server/pyvalue/value_schema.h"

namespace py = pybind11;

// The requests of a Session.
namespace envknit::native {
namespace {

// Field numbers of calls.proto and outcome.proto.
constexpr uint32_t kImportModule = 9;
constexpr uint32_t kWantHandle = 3;
constexpr uint32_t kImportedWorker = 14;

}  // namespace

py::dict Session::Import(const std::string& module, double timeout_seconds,
                         double slack_seconds, const py::object& context) {
  return TakeImport(Ask(AttachMethod::kImport, EncodeImport(module),
                        timeout_seconds, slack_seconds, context),
                    context);
}

std::string Session::EncodeImport(const std::string& module) {
  ByteWriter request;
  request.BytesField(kImportModule, module);
  return std::string(request.view());
}

py::dict Session::TakeImport(const Answer& answer, const py::object& context) {
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
  const Answer answer =
      Ask(AttachMethod::kGetAttr, EncodeGetAttr(target, as_handle),
          timeout_seconds, slack_seconds, context);
  return TakeOutcome(answer.reply.payload, context);
}

std::string Session::EncodeGetAttr(const Target& target, bool as_handle) const {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(schema::call_request::kTarget, target.bytes());
  if (as_handle) request.VarintField(schema::call_request::kWant, kWantHandle);
  return std::string(request.view());
}

py::object Session::Call(const Target& target, py::tuple args,
                         py::object kwargs, double timeout_seconds,
                         double slack_seconds, const py::object& context) {
  const PutArgument put = [&](const ValueStream& stream) {
    return PutStream(stream, timeout_seconds, slack_seconds, context);
  };
  ArgumentProxies proxies(*this, *hooks_, put);
  std::string body = EncodeCall(target, &args, &kwargs, &proxies);
  const Answer answer = Ask(AttachMethod::kCall, std::move(body),
                            timeout_seconds, slack_seconds, context);
  return TakeOutcome(answer.reply.payload, context);
}

std::string Session::EncodeCall(const Target& target, py::tuple* args,
                                py::object* kwargs,
                                ArgumentProxies* proxies) const {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(schema::call_request::kTarget, target.bytes());
  // Encoders are made for each call: resolving a proxy makes a call of its own.
  ValueEncoder encoder(MessageLimits(), proxies);
  const auto encode = [&](CodecError& error) {
    PyObject* const named = kwargs->is_none() ? nullptr : kwargs->ptr();
    return EncodeCallArguments(encoder, request, args->ptr(), named, error);
  };
  CodecError error;
  if (!encode(error)) {
    if (error.limit != "message_bytes") ThrowUnsent(error);
    PutLargeArguments(args, kwargs, proxies);
    error = CodecError();
    if (!encode(error)) ThrowUnsent(error);
  }
  return std::string(request.view());
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

void Session::CheckTarget(const Target& target) const {
  const Handle* handle = target.handle();
  if (handle == nullptr || handle->IsOf(*this)) return;
  py::dict metadata;
  metadata["handle"] = std::to_string(handle->fields().id);
  metadata["epoch"] = std::to_string(handle->fields().epoch);
  ThrowError(*hooks_, kFailedPrecondition, "HANDLE_EXPIRED",
             "the worker that held this object is gone", metadata);
}

}  // namespace envknit::native
