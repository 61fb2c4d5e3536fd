#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/description_reader.h"
#include "python_client/native/session.h"
#include "python_client/native/wire_append.h"
#include "python_client/native/wire_view.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/handle_message.h"

namespace py = pybind11;

// Iteration over objects of a Session's worker.
namespace envknit::native {
namespace {

// Field numbers of iteration.proto and outcome.proto.
constexpr uint32_t kIterationTarget = 9;
constexpr uint32_t kBegin = 10;
constexpr uint32_t kMaxItems = 11;
constexpr uint32_t kMaxTime = 13;
constexpr uint32_t kOutcome = 1;
constexpr uint32_t kItems = 2;
constexpr uint32_t kDone = 3;
constexpr uint32_t kIterator = 4;
constexpr uint32_t kReturnValue = 5;
constexpr uint32_t kException = 3;

// A NextResponse; what it doesn't have is empty with a null pointer.
struct NextReply {
  std::string_view outcome;
  std::string_view items;
  bool done = false;
  std::string_view iterator;
  std::string_view return_value;
};

NextReply ReadNextReply(std::string_view response) {
  NextReply reply;
  protozero::pbf_reader body(response.data(), response.size());
  while (body.next()) {
    switch (body.tag()) {
      case kOutcome:
        reply.outcome = View(body.get_view());
        break;
      case kItems:
        reply.items = View(body.get_view());
        break;
      case kDone:
        reply.done = body.get_uint64() != 0;
        break;
      case kIterator:
        reply.iterator = View(body.get_view());
        break;
      case kReturnValue:
        reply.return_value = View(body.get_view());
        break;
      default:
        body.skip();
    }
  }
  return reply;
}

}  // namespace

py::tuple Session::Next(const Target& target, bool begin, uint32_t max_items,
                        double max_seconds, double timeout_seconds,
                        double slack_seconds, const py::object& context) {
  CheckTarget(target);
  ByteWriter request;
  request.BytesField(kIterationTarget, target.bytes());
  if (begin) request.VarintField(kBegin, 1);
  request.VarintField(kMaxItems, max_items);
  if (max_seconds > 0) {
    std::string bounds;
    AppendDurationField(
        &bounds, kMaxTime,
        std::chrono::nanoseconds(static_cast<int64_t>(max_seconds * 1e9)));
    request.Raw(bounds.data(), bounds.size());
  }
  const Answer answer = Ask(AttachMethod::kNext, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  try {
    return TakeItems(answer.reply.payload, context);
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
}

py::tuple Session::TakeItems(std::string_view response,
                             const py::object& context) {
  const NextReply reply = ReadNextReply(response);
  std::string_view exception;
  protozero::pbf_reader outcome(reply.outcome.data(), reply.outcome.size());
  while (outcome.next()) {
    if (outcome.tag() == kException) {
      exception = View(outcome.get_view());
    } else {
      outcome.skip();
    }
  }
  ReplyDecoder decoder(this);
  const auto decode = [&](std::string_view value) {
    return decoder.Decode(value, context);
  };
  // Before the items: what is decoded is released when its proxy goes.
  py::object iterator = py::none();
  if (reply.iterator.data() != nullptr) {
    HandleFields fields;
    CodecError error;
    if (!ReadHandle(reply.iterator, fields, error)) ThrowMalformed();
    iterator = MakeProxy(std::move(fields), nullptr, context);
  }
  py::object items =
      reply.items.data() == nullptr ? py::list() : decode(reply.items);
  if (!PyList_CheckExact(items.ptr())) ThrowMalformed();
  py::object returned = reply.return_value.data() == nullptr
                            ? py::none()
                            : decode(reply.return_value);
  py::object raised = py::none();
  if (exception.data() != nullptr) {
    raised = hooks_->make_exception(ReadRemoteException(exception, decode));
  }
  return py::make_tuple(std::move(items), reply.done, std::move(iterator),
                        std::move(returned), std::move(raised));
}

}  // namespace envknit::native
