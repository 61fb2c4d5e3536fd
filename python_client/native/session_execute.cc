#include <string>
#include <string_view>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/description_reader.h"
#include "python_client/native/session.h"
#include "python_client/native/wire_text.h"
#include "python_client/native/wire_view.h"
#include "server/pyvalue/byte_writer.h"

namespace py = pybind11;

// Source text and modules that a Session has its worker try.
namespace envknit::native {
namespace {

// Field numbers of execute.proto and outcome.proto.
constexpr uint32_t kCode = 9;
constexpr uint32_t kResultWant = 10;
constexpr uint32_t kTriedModule = 9;
constexpr uint32_t kVerdict = 2;
constexpr uint32_t kReason = 3;
constexpr uint32_t kOutcomeException = 3;
constexpr uint32_t kWantValue = 2;
constexpr uint32_t kWantNone = 7;

}  // namespace

py::object Session::Execute(const std::string& code, bool with_result,
                            double timeout_seconds, double slack_seconds,
                            const py::object& context) {
  ByteWriter request;
  request.BytesField(kCode, code);
  request.VarintField(kResultWant, with_result ? kWantValue : kWantNone);
  const Answer answer = Ask(AttachMethod::kExecute, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  return TakeOutcome(answer.reply.payload, context);
}

py::tuple Session::TryImport(const std::string& module, double timeout_seconds,
                             double slack_seconds, const py::object& context) {
  ByteWriter request;
  request.BytesField(kTriedModule, module);
  const Answer answer =
      Ask(AttachMethod::kTryImport, std::string(request.view()),
          timeout_seconds, slack_seconds, context);
  uint32_t verdict = 0;
  py::object reason = py::str("");
  py::object exception = py::none();
  try {
    protozero::pbf_reader body(answer.reply.payload.data(),
                               answer.reply.payload.size());
    while (body.next()) {
      switch (body.tag()) {
        case 1: {
          protozero::pbf_reader outcome = body.get_message();
          if (outcome.next(kOutcomeException)) {
            ReplyDecoder decoder(this);
            exception = hooks_->make_exception(ReadRemoteException(
                View(outcome.get_view()), [&](std::string_view value) {
                  return decoder.Decode(value, context);
                }));
          }
          break;
        }
        case kVerdict:
          verdict = body.get_uint32();
          break;
        case kReason:
          reason = Text(body);
          break;
        default:
          body.skip();
      }
    }
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
  return py::make_tuple(verdict, reason, exception);
}

}  // namespace envknit::native
