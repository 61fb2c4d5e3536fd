#include "server/rpc/attach_stream.h"

#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"

#include "server/base/annotated_status.h"
#include "server/rpc/attach_reply.h"
#include "server/rpc/attach_request.h"
#include "server/rpc/byte_buffers.h"
#include "server/rpc/status_mapping.h"

namespace envknit {

std::shared_ptr<AttachStream> AttachStream::Start(
    std::shared_ptr<const RpcBackend> backend, uint32_t carrier,
    grpc::CallbackServerContext* context) {
  std::shared_ptr<AttachStream> stream(new AttachStream(backend, context));
  stream->self_ = stream;
  stream->dispatcher_ = std::make_shared<AttachDispatcher>(
      backend, carrier, context->peer(), stream);
  stream->Send(
      EncodeHello(carrier, backend->instance,
                  static_cast<uint64_t>(backend->limits.message_bytes)));
  return stream;
}

bool AttachStream::Send(grpc::ByteBuffer message) {
  bool stalling = false;
  bool overflowed = false;
  {
    absl::MutexLock lock(&mu_);
    if (broken_ || final_status_.has_value()) return false;
    unsent_bytes_ += static_cast<int64_t>(message.Length());
    if (unsent_bytes_ > backend_->limits.max_unsent_bytes) {
      overflowed = true;
      kill_wanted_ = true;
    } else {
      unsent_.push_back(std::move(message));
    }
    stalling = unsent_bytes_ > backend_->limits.unsent_bytes &&
               !std::exchange(watching_for_stall_, true);
  }
  if (stalling) WatchForStall();
  Advance();
  return !overflowed;
}

void AttachStream::ReadNext() {
  {
    absl::MutexLock lock(&mu_);
    read_wanted_ = true;
  }
  Advance();
}

void AttachStream::Complete(const absl::Status& status) {
  {
    absl::MutexLock lock(&mu_);
    if (final_status_.has_value()) return;
    final_status_ = status;
  }
  Advance();
}

void AttachStream::Abort(const absl::Status& status) {
  Complete(status);
  dispatcher_->CancelAll();
}

void AttachStream::Advance() {
  // A Finish lets gRPC drop its reference at once.
  const std::shared_ptr<AttachStream> keep = shared_from_this();
  while (true) {
    Step step = Step::kNone;
    {
      absl::MutexLock lock(&mu_);
      if (advancing_) return;
      step = NextStep();
      if (step == Step::kNone) return;
      advancing_ = true;
    }
    Start(step);
    absl::MutexLock lock(&mu_);
    advancing_ = false;
  }
}

AttachStream::Step AttachStream::NextStep() {
  if (finished_) return Step::kNone;
  if (kill_wanted_ && !broken_) {
    Break();
    return Step::kKill;
  }
  if (!writing_ && !unsent_.empty()) {
    writing_ = true;
    writing_buffer_ = std::move(unsent_.front());
    unsent_.pop_front();
    // With more to come gRPC need not flush each message by itself.
    write_options_ = grpc::WriteOptions();
    if (!unsent_.empty()) write_options_.set_buffer_hint();
    return Step::kWrite;
  }
  if (final_status_.has_value()) {
    if (writing_) return Step::kNone;
    finished_ = true;
    return Step::kFinish;
  }
  if (read_wanted_ && unsent_bytes_ <= backend_->limits.unsent_bytes) {
    read_wanted_ = false;
    return Step::kRead;
  }
  return Step::kNone;
}

void AttachStream::Start(Step step) {
  switch (step) {
    case Step::kNone:
      return;
    case Step::kWrite:
      return StartWrite(&writing_buffer_, write_options_);
    case Step::kRead:
      return StartRead(&reading_buffer_);
    case Step::kKill:
      // Its calls end when gRPC reports the cancellation.
      return context_->TryCancel();
    case Step::kFinish: {
      grpc::Status status;
      {
        absl::MutexLock lock(&mu_);
        status = ToGrpcStatus(*final_status_);
      }
      return Finish(std::move(status));
    }
  }
}

void AttachStream::OnReadDone(bool ok) {
  if (!ok) return dispatcher_->EndOfRequests();
  absl::StatusOr<AttachRequestKind> request =
      absl::InternalError("not read yet");
  {
    const ReceivedChunks received(reading_buffer_);
    request = ParseAttachRequest(received.chunks());
  }
  reading_buffer_.Clear();
  absl::Status handled = request.ok() ? dispatcher_->Handle(*std::move(request))
                                      : request.status();
  if (!handled.ok()) Abort(handled);
}

void AttachStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    ++messages_sent_;
    unsent_bytes_ -= static_cast<int64_t>(writing_buffer_.Length());
    writing_buffer_.Clear();
    if (!ok) Break();
  }
  Advance();
}

void AttachStream::Break() {
  broken_ = true;
  unsent_.clear();
  unsent_bytes_ = 0;
  if (!final_status_.has_value()) {
    final_status_ =
        MakeError(ErrorReason::kCancelled, "the client ended the stream");
  }
}

void AttachStream::OnCancel() {
  dispatcher_->CancelAll();
  {
    absl::MutexLock lock(&mu_);
    Break();
  }
  Advance();
}

void AttachStream::OnDone() {
  dispatcher_->Close();
  const std::shared_ptr<AttachStream> last = std::move(self_);
}

void AttachStream::WatchForStall() {
  uint64_t sent = 0;
  {
    absl::MutexLock lock(&mu_);
    sent = messages_sent_;
  }
  backend_->timers->RunAt(
      backend_->clock->Now() + backend_->limits.drain_timeout,
      [weak = weak_from_this(), sent] {
        const std::shared_ptr<AttachStream> stream = weak.lock();
        if (stream != nullptr) stream->EndIfStalled(sent);
      });
}

void AttachStream::EndIfStalled(uint64_t sent_before) {
  {
    absl::MutexLock lock(&mu_);
    if (unsent_bytes_ <= backend_->limits.unsent_bytes) {
      watching_for_stall_ = false;
      return;
    }
    if (messages_sent_ == sent_before) kill_wanted_ = true;
  }
  Advance();
  WatchForStall();
}

}  // namespace envknit
