#include "server/rpc/put_call.h"

#include <cstddef>
#include <utility>

#include "protozero/pbf_writer.hpp"

#include "server/base/annotated_status.h"
#include "server/rpc/byte_buffers.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

// Field number of PutRequest.
constexpr uint32_t kTransfer = 13;

}  // namespace

grpc::ServerReadReactor<grpc::ByteBuffer>* PutCall::Start(
    const RpcBackend* backend, grpc::CallbackServerContext* context,
    grpc::ByteBuffer* response) {
  std::shared_ptr<PutCall> call(new PutCall(backend, *context, response));
  call->self_ = call;
  call->StartRead(&call->message_);
  return call.get();
}

PutCall::PutCall(const RpcBackend* backend,
                 const grpc::CallbackServerContext& context,
                 grpc::ByteBuffer* response)
    : backend_(backend),
      steps_(std::make_shared<TransferSteps>(backend, CallKind::kPut, context)),
      response_(response) {}

void PutCall::OnDone() {
  const std::shared_ptr<PutCall> last = std::move(self_);
}

void PutCall::OnCancel() { steps_->Cancel(); }

void PutCall::OnReadDone(bool ok) {
  if (!ok) {
    return End(
        steps_->is_cancelled()
            ? MakeError(ErrorReason::kCancelled, "cancelled by the client")
            : MalformedField("total_bytes", "the chunks ended before that"));
  }
  const auto limit = static_cast<std::size_t>(backend_->limits.message_bytes);
  if (message_.Length() > limit) {
    return End(MakeMessageTooLarge(message_.Length(), limit));
  }
  std::string body = Flatten(message_);
  message_.Clear();
  auto done = [self = shared_from_this()](const absl::Status& status,
                                          CallResult result) {
    self->OnChunk(status, std::move(result));
  };
  if (is_first_) {
    is_first_ = false;
    return steps_->First(std::move(body), std::move(done));
  }
  // The client need not know the transfer's name.
  protozero::pbf_writer(body).add_bytes(kTransfer, steps_->TransferName());
  steps_->Next(std::move(body), std::move(done));
}

void PutCall::OnChunk(const absl::Status& status, CallResult result) {
  if (!status.ok()) return End(status);
  if (steps_->is_cancelled()) {
    return End(MakeError(ErrorReason::kCancelled, "cancelled by the client"));
  }
  if (result.more) return StartRead(&message_);
  std::string body = std::move(result.body);
  std::string fields =
      steps_->Fields(std::move(result), /*keeps_session=*/true);
  *response_ = JoinForSending(std::move(body), std::move(fields));
  steps_->End(absl::OkStatus(), /*keeps_session=*/true);
  Finish(grpc::Status::OK);
}

void PutCall::End(const absl::Status& status) {
  steps_->End(status, /*keeps_session=*/false);
  Finish(ToGrpcStatus(status));
}

}  // namespace envknit
