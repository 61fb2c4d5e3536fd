#include "server/rpc/iterate_call.h"

#include <cstddef>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/server_context.h"
#include "protozero/pbf_reader.hpp"
#include "protozero/pbf_writer.hpp"

#include "server/base/annotated_status.h"
#include "server/rpc/byte_buffers.h"
#include "server/rpc/handle_errors.h"
#include "server/rpc/reply_fields.h"
#include "server/rpc/rpc_deadline.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

using protozero::pbf_wire_type;

// Field numbers of NextRequest and Target.
constexpr uint32_t kTarget = 9;
constexpr uint32_t kBegin = 10;
constexpr uint32_t kMaxItems = 11;
constexpr uint32_t kMaxBytes = 12;
constexpr uint32_t kMaxTime = 13;
constexpr uint32_t kTargetHandle = 2;
constexpr uint32_t kHandleId = 1;
constexpr uint32_t kHandleEpoch = 2;

// The fields that bound one step, as they stand in `request`.
absl::StatusOr<std::string> ReadBounds(const std::string& request) {
  std::string bounds;
  try {
    protozero::pbf_reader reader(request.data(), request.size());
    protozero::pbf_writer writer(bounds);
    while (reader.next()) {
      const uint32_t tag = reader.tag();
      const pbf_wire_type type = reader.wire_type();
      if (tag == kMaxItems && type == pbf_wire_type::varint) {
        writer.add_uint32(tag, reader.get_uint32());
      } else if (tag == kMaxBytes && type == pbf_wire_type::varint) {
        writer.add_uint64(tag, reader.get_uint64());
      } else if (tag == kMaxTime && type == pbf_wire_type::length_delimited) {
        writer.add_bytes(tag, reader.get_view());
      } else {
        reader.skip();
      }
    }
  } catch (const std::exception& error) {
    return MalformedField("request", error.what());
  }
  return bounds;
}

// An iteration's first step is its request, with this field behind it.
void AppendBegin(std::string& request) {
  protozero::pbf_writer(request).add_bool(kBegin, true);
}

std::string NextStep(uint64_t iterator, Epoch epoch,
                     const std::string& bounds) {
  std::string handle;
  protozero::pbf_writer handle_writer(handle);
  handle_writer.add_uint64(kHandleId, iterator);
  handle_writer.add_uint64(kHandleEpoch, epoch);
  std::string target;
  protozero::pbf_writer(target).add_message(kTargetHandle, handle);
  std::string request;
  protozero::pbf_writer(request).add_message(kTarget, target);
  return request + bounds;
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* IterateCall::Start(
    const RpcBackend* backend, grpc::CallbackServerContext* context,
    const grpc::ByteBuffer* request) {
  std::shared_ptr<IterateCall> call(new IterateCall(backend, context));
  call->self_ = call;
  call->Begin(*request);
  return call.get();
}

IterateCall::IterateCall(const RpcBackend* backend,
                         grpc::CallbackServerContext* context)
    : backend_(backend),
      peer_(context->peer()),
      identity_(backend->peers->Identify(peer_)),
      rpc_deadline_(RpcDeadline(*context, *backend->clock)) {}

void IterateCall::OnDone() {
  const std::shared_ptr<IterateCall> last = std::move(self_);
}

void IterateCall::Begin(const grpc::ByteBuffer& request) {
  request_bytes_ = request.Length();
  const auto limit = static_cast<std::size_t>(backend_->limits.message_bytes);
  if (request_bytes_ > limit) {
    return End(MakeMessageTooLarge(request_bytes_, limit));
  }
  std::string body = Flatten(request);
  absl::StatusOr<Routing> routing = ParseRouting(CallKind::kNext, body);
  if (!routing.ok()) return End(routing.status());
  routing_ = *std::move(routing);
  absl::StatusOr<std::string> bounds = ReadBounds(body);
  if (!bounds.ok()) return End(bounds.status());
  bounds_ = *std::move(bounds);
  AppendBegin(body);

  if (!routing_.session.empty()) {
    if (!routing_.environment.empty()) {
      return End(MalformedField("environment",
                                "a session has its environment: set only one"));
    }
    absl::StatusOr<std::shared_ptr<Session>> session =
        backend_->pools->FindSession(routing_.session, identity_);
    if (!session.ok()) return End(session.status());
    session_ = *std::move(session);
    environment_ = session_->spec().environment;
    return Step(std::move(body));
  }
  if (routing_.environment.empty()) {
    return End(MalformedField("environment", "set this or a session"));
  }
  backend_->environments->Resolve(
      routing_.environment, routing_.isolation,
      [self = shared_from_this(), body = std::move(body)](
          absl::StatusOr<std::shared_ptr<const Environment>>
              environment) mutable {
        if (!environment.ok()) return self->End(environment.status());
        self->environment_ = *std::move(environment);
        self->Step(std::move(body));
      });
}

absl::StatusOr<CallSpec> IterateCall::MakeSpec(std::string body) const {
  absl::StatusOr<CallDeadline> deadline =
      EffectiveDeadline(backend_->clock->Now(), routing_.timeout, rpc_deadline_,
                        backend_->deadlines);
  if (!deadline.ok()) return deadline.status();
  absl::StatusOr<absl::Duration> start_timeout =
      EffectiveStartTimeout(routing_.start_timeout, backend_->deadlines);
  if (!start_timeout.ok()) return start_timeout.status();

  CallSpec spec;
  spec.kind = CallKind::kNext;
  spec.body = std::move(body);
  spec.deadline = deadline->deadline;
  spec.timeout = deadline->timeout;
  spec.start_timeout = *start_timeout;
  spec.idempotent = routing_.idempotent;
  spec.client_call_id = routing_.call_id;
  spec.target = routing_.target;
  return spec;
}

void IterateCall::Step(std::string body) {
  absl::StatusOr<CallSpec> spec = MakeSpec(std::move(body));
  if (!spec.ok()) return End(spec.status());
  timeout_ = spec->timeout;
  uint64_t step = 0;
  {
    absl::MutexLock lock(&mu_);
    running_ = step = ++last_step_;
  }
  const auto done = [self = shared_from_this()](CallResult result) {
    self->OnResult(std::move(result));
  };
  // The result may come before these return, and change the members.
  const std::shared_ptr<Session> session = session_;
  KeepHandle(step, session != nullptr ? session->Submit(*std::move(spec), done)
                                      : backend_->pools->Call(
                                            environment_, routing_.isolation,
                                            identity_, *std::move(spec), done));
}

void IterateCall::KeepHandle(uint64_t step,
                             const std::shared_ptr<CallHandle>& handle) {
  {
    absl::MutexLock lock(&mu_);
    if (running_ != step) return;
    handle_ = handle;
    if (!cancelled_) return;
  }
  if (handle != nullptr) handle->Cancel();
}

void IterateCall::OnCancel() {
  std::shared_ptr<CallHandle> handle;
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    handle = handle_;
  }
  if (handle != nullptr) handle->Cancel();
}

void IterateCall::OnResult(CallResult result) {
  const absl::Status status =
      ClientStatus(result, *backend_->pools, backend_->instance);
  Log(status, result);
  bool cancelled = false;
  {
    absl::MutexLock lock(&mu_);
    cancelled = cancelled_;
    running_ = 0;
    handle_ = nullptr;
  }
  TakeSession(result);
  if (!status.ok()) return End(status);
  if (cancelled) {
    if (session_ != nullptr && result.handle_count > 0) {
      session_->Undelivered(result.worker.epoch, result.first_handle,
                            result.handle_count);
    }
    return End(MakeError(ErrorReason::kCancelled, "cancelled by the client"));
  }
  TakeHandles(result);
  std::string fields = AppendedFields(CallKind::kNext, result);
  writing_ = JoinForSending(std::move(result.body), std::move(fields));
  StartWrite(&writing_);
}

void IterateCall::TakeSession(const CallResult& result) {
  if (result.implicit_session.empty()) return;
  absl::StatusOr<std::shared_ptr<Session>> opened =
      backend_->pools->FindSession(result.implicit_session, identity_);
  if (!opened.ok()) return;
  session_ = *std::move(opened);
  session_is_ours_ = true;
}

void IterateCall::TakeHandles(const CallResult& result) {
  const bool is_first = epoch_ == 0;
  epoch_ = result.worker.epoch;
  more_ = result.more;
  first_to_give_ = result.first_handle;
  items_to_give_ = result.handle_count;
  if (is_first && more_ && result.handle_count > 0) {
    iterator_ = first_to_give_++;
    --items_to_give_;
  }
}

void IterateCall::OnWriteDone(bool ok) {
  bool cancelled = false;
  {
    absl::MutexLock lock(&mu_);
    cancelled = cancelled_;
  }
  if (items_to_give_ > 0) {
    if (ok) {
      gave_handles_ = true;
    } else if (session_ != nullptr) {
      session_->Undelivered(epoch_, first_to_give_, items_to_give_);
    }
  }
  if (!ok || cancelled) {
    return End(MakeError(ErrorReason::kCancelled, "cancelled by the client"));
  }
  if (!more_ || iterator_ == 0 || session_ == nullptr) {
    return End(absl::OkStatus());
  }
  Step(NextStep(iterator_, epoch_, bounds_));
}

void IterateCall::End(const absl::Status& status) {
  if (session_is_ours_ && !gave_handles_) {
    session_->Close();
  } else if (session_ != nullptr && iterator_ != 0) {
    session_->Undelivered(epoch_, iterator_, 1);
  }
  iterator_ = 0;
  if (environment_ == nullptr) Log(status, CallResult());
  Finish(ToGrpcStatus(status));
}

void IterateCall::Log(const absl::Status& status,
                      const CallResult& result) const {
  if (!backend_->access_log->enabled()) return;
  AccessRecord record;
  record.method = "Iterate";
  if (environment_ != nullptr) record.environment = environment_->name;
  record.status = status;
  record.queued = result.queued;
  record.execution = result.execution;
  record.timeout = timeout_;
  record.request_bytes = request_bytes_;
  record.reply_bytes = result.body.size();
  record.worker_pid = result.worker.pid;
  record.peer = absl::StrCat(identity_, " ", peer_);
  backend_->access_log->Write(record);
}

}  // namespace envknit
