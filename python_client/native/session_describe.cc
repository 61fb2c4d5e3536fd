#include <string_view>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/argument_proxies.h"
#include "python_client/native/object_reader.h"
#include "python_client/native/session.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/value_encoder.h"

namespace py = pybind11;

// What a Session asks about objects, and the attributes it changes.
namespace envknit::native {
namespace {

// Field numbers of describe.proto and attributes.proto.
constexpr uint32_t kTarget = 9;
constexpr uint32_t kDescribeRepr = 10;
constexpr uint32_t kAttributeName = 10;
constexpr uint32_t kAttributeValue = 11;
constexpr uint32_t kDescription = 2;

}  // namespace

py::dict Session::Describe(const Target& target, bool repr,
                           double timeout_seconds, double slack_seconds,
                           const py::object& context) {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(kTarget, target.bytes());
  if (repr) request.VarintField(kDescribeRepr, 1);
  const Answer answer =
      Ask(AttachMethod::kDescribe, std::string(request.view()), timeout_seconds,
          slack_seconds, context);
  TakeOutcome(answer.reply.payload, context);
  try {
    protozero::pbf_reader body(answer.reply.payload.data(),
                               answer.reply.payload.size());
    if (!body.next(kDescription)) ThrowMalformed();
    const protozero::data_view description = body.get_view();
    ReplyDecoder decoder(this);
    return ReadObjectDescription(
        {description.data(), description.size()},
        [&](std::string_view value) { return decoder.Decode(value, context); });
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
}

void Session::SetAttr(const Target& target, const std::string& name,
                      const py::object& value, double timeout_seconds,
                      double slack_seconds, const py::object& context) {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(kTarget, target.bytes());
  request.BytesField(kAttributeName, name);
  const PutArgument put = [&](const ValueStream& stream) {
    return PutStream(stream, timeout_seconds, slack_seconds, context);
  };
  ArgumentProxies proxies(*this, *hooks_, put);
  ValueEncoder encoder(MessageLimits(), &proxies);
  const auto encode = [&](const py::object& given, CodecError& error) {
    return encoder.EncodeArgument(request, kAttributeValue, given.ptr(), error);
  };
  CodecError error;
  if (!encode(value, error)) {
    py::object copied;
    if (error.limit == "message_bytes") {
      error = CodecError();
      copied = PutIfLarge(value, 0, &proxies, &error);
    }
    if (!copied || !encode(copied, error)) {
      error.PrependRoot("value");
      ThrowUnsent(error);
    }
  }
  const Answer answer = Ask(AttachMethod::kSetAttr, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  TakeOutcome(answer.reply.payload, context);
}

void Session::DelAttr(const Target& target, const std::string& name,
                      double timeout_seconds, double slack_seconds,
                      const py::object& context) {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(kTarget, target.bytes());
  request.BytesField(kAttributeName, name);
  const Answer answer = Ask(AttachMethod::kDelAttr, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  TakeOutcome(answer.reply.payload, context);
}

}  // namespace envknit::native
