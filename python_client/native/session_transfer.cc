#include <algorithm>
#include <memory>
#include <utility>

#include "python_client/native/argument_proxies.h"
#include "python_client/native/chunk_pipeline.h"
#include "python_client/native/gil.h"
#include "python_client/native/session.h"
#include "python_client/native/transfer_messages.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/value_assembly.h"

namespace py = pybind11;

// The transfers of a Session.
namespace envknit::native {
namespace {

// Measured on 100 MiB: smaller ones cost wake-ups, larger ones the cache.
constexpr uint64_t kChunkBytes = 1 << 20;

// A copy has no handles.
class NoHandles final : public HandleDecoder {
 public:
  PyObject* Decode(const HandleFields&, CodecError& error) override {
    error.Malformed("a handle inside a copy");
    return nullptr;
  }
};

[[noreturn]] void Raise(const CodecError& error) {
  RaiseCodecError(error);
  throw py::error_already_set();
}

// Whether the reply is a body with nothing beside it: then it can be taken
// without the GIL.
bool IsPlain(const PendingCall& call, AttachReply* reply) {
  return ParseReply(call.reply.view(), reply) &&
         reply->kind == AttachReply::Kind::kBody && reply->info.empty();
}

}  // namespace

py::object Session::Fetch(const Target& target, double timeout_seconds,
                          double slack_seconds, const py::object& context) {
  CheckTarget(target);
  const std::shared_ptr<Session> self = shared_from_this();
  ByteWriter request;
  request.BytesField(kFetchTarget, target.bytes());
  request.VarintField(kFetchMaxBytes, kChunkBytes);
  const Answer answer = Ask(AttachMethod::kFetch, std::string(request.view()),
                            timeout_seconds, slack_seconds, context);
  FetchedChunk chunk;
  if (!ReadFetchResponse(answer.reply.payload, &chunk)) ThrowMalformed();
  if (chunk.has_outcome) return TakeOutcome(answer.reply.payload, context);
  // Given back if anything below fails.
  std::shared_ptr<Handle> transfer;
  if (chunk.transfer.has_value()) {
    transfer = std::make_shared<Handle>(connection_, weak_from_this(), number_,
                                        *std::move(chunk.transfer));
  }
  CodecError error;
  ValueAssembly assembly(chunk.total_bytes, &local_arrays_);
  if (!assembly.Append(chunk.bytes, error)) Raise(error);
  if (!assembly.is_complete()) {
    if (transfer == nullptr || chunk.bytes.empty()) ThrowMalformed();
    FetchRest(transfer->fields(), chunk.bytes.size(), &assembly,
              timeout_seconds, slack_seconds, context);
  }
  NoHandles handles;
  ValueDecoder decoder(ValueLimits(), &handles, &local_arrays_);
  PyObject* const object = assembly.Finish(decoder, error);
  if (object == nullptr) Raise(error);
  return py::reinterpret_steal<py::object>(object);
}

void Session::FetchRest(const HandleFields& transfer, uint64_t chunk_bytes,
                        ValueAssembly* assembly, double timeout_seconds,
                        double slack_seconds, const py::object& context) {
  const uint64_t total = assembly->total_bytes();
  uint64_t asked = assembly->received_bytes();
  ChunkPipeline pipeline(this, AttachMethod::kFetch, timeout_seconds,
                         slack_seconds);
  GilReleased no_gil;
  while (!assembly->is_complete()) {
    for (; asked < total && !pipeline.is_full(); asked += chunk_bytes)
      pipeline.Send(EncodeFetchNext(transfer, asked, chunk_bytes));
    std::unique_ptr<PendingCall> oldest;
    const WaitEnd end = pipeline.Await(&oldest);
    Answer answer;
    if (end == WaitEnd::kReplied && IsPlain(*oldest, &answer.reply)) {
      answer.bytes = std::move(oldest->reply);
    } else {
      GilTaken gil;
      answer = TakeAnswer(end, oldest.get(), timeout_seconds, context);
    }
    FetchedChunk chunk;
    CodecError error;
    if (!ReadFetchResponse(answer.reply.payload, &chunk) ||
        chunk.offset != assembly->received_bytes() || chunk.bytes.empty()) {
      GilTaken gil;
      if (chunk.has_outcome) TakeOutcome(answer.reply.payload, context);
      ThrowMalformed();
    }
    if (assembly->is_placed() && assembly->Append(chunk.bytes, error)) continue;
    GilTaken gil;
    if (error.kind != CodecError::Kind::kNone ||
        !assembly->Append(chunk.bytes, error)) {
      Raise(error);
    }
  }
}

py::object Session::Put(const py::object& object, double timeout_seconds,
                        double slack_seconds, const py::object& context) {
  const PutArgument put = [&](const ValueStream& stream) {
    return PutStream(stream, timeout_seconds, slack_seconds, context);
  };
  ArgumentProxies proxies(*this, *hooks_, put);
  CodecError error;
  const std::unique_ptr<ValueStream> stream =
      ValueStream::Open(object.ptr(), ValueStream::Mode::kArgument,
                        ValueLimits(), &proxies, error);
  if (stream == nullptr) ThrowUnsent(error);
  return put(*stream);
}

py::object Session::PutStream(const ValueStream& stream, double timeout_seconds,
                              double slack_seconds, const py::object& context) {
  const std::shared_ptr<Session> self = shared_from_this();
  const uint64_t total = stream.size();
  const uint64_t chunk_bytes =
      std::min(kChunkBytes, connection_->stream().max_body_bytes() / 2);
  uint64_t sent = std::min(chunk_bytes, total);
  Answer answer = Ask(AttachMethod::kPut, EncodePut(stream, 0, sent, nullptr),
                      timeout_seconds, slack_seconds, context);
  const std::optional<HandleFields> name =
      ReadPutTransfer(answer.reply.payload);
  if (!name.has_value()) {
    py::object result = TakeOutcome(answer.reply.payload, context);
    if (sent != total) ThrowMalformed();
    return result;
  }
  // Given back if anything below fails.
  const Handle transfer(connection_, weak_from_this(), number_, *name);
  {
    ChunkPipeline pipeline(this, AttachMethod::kPut, timeout_seconds,
                           slack_seconds);
    GilReleased no_gil;
    for (uint64_t done = sent; done < total;) {
      for (; sent < total && !pipeline.is_full();) {
        const uint64_t count = std::min(chunk_bytes, total - sent);
        pipeline.Send(EncodePut(stream, sent, count, &transfer.fields()));
        sent += count;
      }
      std::unique_ptr<PendingCall> oldest;
      const WaitEnd end = pipeline.Await(&oldest);
      done += std::min(chunk_bytes, total - done);
      if (done < total && end == WaitEnd::kReplied &&
          IsPlain(*oldest, &answer.reply) && answer.reply.payload.empty()) {
        continue;
      }
      GilTaken gil;
      answer = TakeAnswer(end, oldest.get(), timeout_seconds, context);
      // What went wrong over there.
      if (done < total && !answer.reply.payload.empty())
        TakeOutcome(answer.reply.payload, context);
    }
  }
  return TakeOutcome(answer.reply.payload, context);
}

py::object Session::PutIfLarge(const py::handle& value, std::size_t limit,
                               ArgumentProxies* proxies,
                               CodecError* error) const {
  if (proxies->IsProxy(value.ptr()))
    return py::reinterpret_borrow<py::object>(value);
  const std::unique_ptr<ValueStream> stream =
      ValueStream::Open(value.ptr(), ValueStream::Mode::kArgument,
                        ValueLimits(), proxies, *error);
  if (stream == nullptr) return {};
  if (stream->size() <= limit) return py::reinterpret_borrow<py::object>(value);
  return proxies->Put(*stream);
}

ValueLimits Session::MessageLimits() const {
  ValueLimits limits;
  limits.message_bytes = std::min<uint64_t>(
      limits.message_bytes, connection_->stream().max_body_bytes());
  return limits;
}

void Session::PutLargeArguments(py::tuple* args, py::object* kwargs,
                                ArgumentProxies* proxies) const {
  proxies->CheckCanPut();
  const std::size_t named = kwargs->is_none() ? 0 : py::len(*kwargs);
  // What stays in the message is half of it at most.
  const std::size_t limit =
      MessageLimits().message_bytes / 2 / (args->size() + named);
  CodecError error;
  py::tuple small(args->size());
  for (std::size_t i = 0; i < args->size(); ++i) {
    py::object value = PutIfLarge((*args)[i], limit, proxies, &error);
    if (!value) {
      error.PrependRoot("args[" + std::to_string(i) + "]");
      ThrowUnsent(error);
    }
    small[i] = std::move(value);
  }
  *args = std::move(small);
  if (named == 0) return;
  py::dict small_named;
  for (const auto& [name, given] : py::reinterpret_borrow<py::dict>(*kwargs)) {
    py::object value = PutIfLarge(given, limit, proxies, &error);
    if (!value) {
      error.PrependKey(name.ptr());
      error.PrependRoot("kwargs");
      ThrowUnsent(error);
    }
    small_named[name] = std::move(value);
  }
  *kwargs = std::move(small_named);
}

}  // namespace envknit::native
