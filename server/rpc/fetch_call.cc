#include "server/rpc/fetch_call.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

#include "protozero/pbf_reader.hpp"
#include "protozero/pbf_writer.hpp"

#include "server/base/annotated_status.h"
#include "server/rpc/byte_buffers.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

using protozero::pbf_wire_type;

// Field numbers of FetchRequest.
constexpr uint32_t kMaxBytes = 10;
constexpr uint32_t kTransfer = 11;
constexpr uint32_t kOffset = 12;

constexpr uint64_t kDefaultChunkBytes = uint64_t{1} << 20;
// More than a message has beside the chunk: the worker gives exactly as much as
// it is asked for, as long as that fits.
constexpr int64_t kSlackBytes = 4096;

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* FetchCall::Start(
    const RpcBackend* backend, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request) {
  std::shared_ptr<FetchCall> call(new FetchCall(backend, *context));
  call->self_ = call;
  call->Run(*request);
  return call.get();
}

FetchCall::FetchCall(const RpcBackend* backend,
                     const grpc::CallbackServerContext& context)
    : backend_(backend),
      steps_(std::make_shared<TransferSteps>(backend, CallKind::kFetch,
                                             context)) {}

void FetchCall::OnDone() {
  const std::shared_ptr<FetchCall> last = std::move(self_);
}

void FetchCall::OnCancel() { steps_->Cancel(); }

void FetchCall::Run(const grpc::ByteBuffer& request) {
  const auto limit = static_cast<std::size_t>(backend_->limits.message_bytes);
  if (request.Length() > limit) {
    return End(MakeMessageTooLarge(request.Length(), limit));
  }
  std::string body = Flatten(request);
  const absl::Status planned = PlanChunks(body);
  if (!planned.ok()) return End(planned);
  steps_->First(std::move(body),
                [self = shared_from_this()](const absl::Status& status,
                                            CallResult result) {
                  self->OnChunk(status, std::move(result));
                });
}

absl::Status FetchCall::PlanChunks(std::string& body) {
  try {
    protozero::pbf_reader reader(body.data(), body.size());
    while (reader.next()) {
      const uint32_t tag = reader.tag();
      const bool number = reader.wire_type() == pbf_wire_type::varint;
      if (tag == kMaxBytes && number) {
        chunk_bytes_ = reader.get_uint64();
      } else if (tag == kOffset && number) {
        next_offset_ = reader.get_uint64();
      } else if (tag == kTransfer) {
        return MalformedField("transfer", "only on an Attach stream");
      } else {
        reader.skip();
      }
    }
  } catch (const std::exception& error) {
    return MalformedField("request", error.what());
  }
  const int64_t most =
      std::max(backend_->limits.message_bytes - kSlackBytes, int64_t{1024});
  if (chunk_bytes_ == 0) chunk_bytes_ = kDefaultChunkBytes;
  chunk_bytes_ = std::min(chunk_bytes_, static_cast<uint64_t>(most));
  // Of a field that is there twice, the last counts.
  protozero::pbf_writer(body).add_uint64(kMaxBytes, chunk_bytes_);
  return absl::OkStatus();
}

void FetchCall::OnChunk(const absl::Status& status, CallResult result) {
  if (!status.ok()) return End(status);
  if (steps_->is_cancelled()) {
    return End(MakeError(ErrorReason::kCancelled, "cancelled by the client"));
  }
  more_ = result.more;
  next_offset_ += chunk_bytes_;
  std::string body = std::move(result.body);
  std::string fields =
      steps_->Fields(std::move(result), /*keeps_session=*/false);
  writing_ = JoinForSending(std::move(body), std::move(fields));
  StartWrite(&writing_);
}

void FetchCall::OnWriteDone(bool ok) {
  writing_.Clear();
  if (!ok || steps_->is_cancelled()) {
    return End(MakeError(ErrorReason::kCancelled, "cancelled by the client"));
  }
  if (!more_) return End(absl::OkStatus());
  std::string transfer = steps_->TransferName();
  if (transfer.empty()) {
    return End(MakeError(ErrorReason::kInternal,
                         "the worker has more, but gave it no name"));
  }
  std::string body;
  protozero::pbf_writer writer(body);
  writer.add_uint64(kMaxBytes, chunk_bytes_);
  writer.add_bytes(kTransfer, transfer);
  writer.add_uint64(kOffset, next_offset_);
  steps_->Next(std::move(body),
               [self = shared_from_this()](const absl::Status& status,
                                           CallResult result) {
                 self->OnChunk(status, std::move(result));
               });
}

void FetchCall::End(const absl::Status& status) {
  steps_->End(status, /*keeps_session=*/false);
  Finish(ToGrpcStatus(status));
}

}  // namespace envknit
