#include "server/rpc/unary_call.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/server_context.h"

#include "server/base/annotated_status.h"
#include "server/rpc/byte_buffers.h"
#include "server/rpc/handle_errors.h"
#include "server/rpc/reply_fields.h"
#include "server/rpc/rpc_deadline.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/wire_reading.h"

namespace envknit {

grpc::ServerUnaryReactor* UnaryCall::Start(const RpcBackend* backend,
                                           CallKind kind,
                                           grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) {
  std::shared_ptr<UnaryCall> call(
      new UnaryCall(backend, kind, context, response));
  call->self_ = call;
  call->Run(*request);
  return call.get();
}

UnaryCall::UnaryCall(const RpcBackend* backend, CallKind kind,
                     grpc::CallbackServerContext* context,
                     grpc::ByteBuffer* response)
    : backend_(backend),
      kind_(kind),
      response_(response),
      peer_(context->peer()),
      identity_(backend->peers->Identify(peer_)),
      rpc_deadline_(RpcDeadline(*context, *backend->clock)) {}

void UnaryCall::OnDone() {
  const std::shared_ptr<UnaryCall> last = std::move(self_);
}

void UnaryCall::Run(const grpc::ByteBuffer& request) {
  request_bytes_ = request.Length();
  const auto limit = static_cast<std::size_t>(backend_->limits.message_bytes);
  if (request_bytes_ > limit) {
    return FinishWithError(MakeMessageTooLarge(request_bytes_, limit));
  }
  std::string body = Flatten(request);
  absl::StatusOr<Routing> routing = ParseRouting(kind_, body);
  if (!routing.ok()) return FinishWithError(routing.status());
  absl::StatusOr<CallSpec> spec = MakeSpec(std::move(body), *routing);
  if (!spec.ok()) return FinishWithError(spec.status());
  timeout_ = spec->timeout;

  if (!routing->session.empty()) {
    if (!routing->environment.empty()) {
      return FinishWithError(MalformedField(
          "environment", "a session has its environment: set only one"));
    }
    return SubmitToSession(routing->session, *std::move(spec));
  }
  if (routing->environment.empty()) {
    return FinishWithError(
        MalformedField("environment", "set this or a session"));
  }
  backend_->environments->Resolve(
      routing->environment, routing->isolation,
      [self = shared_from_this(), isolation = routing->isolation,
       spec =
           *std::move(spec)](absl::StatusOr<std::shared_ptr<const Environment>>
                                 environment) mutable {
        if (!environment.ok()) {
          return self->FinishWithError(environment.status());
        }
        self->SubmitToPool(*std::move(environment), isolation, std::move(spec));
      });
}

absl::StatusOr<CallSpec> UnaryCall::MakeSpec(std::string body,
                                             const Routing& routing) {
  absl::StatusOr<CallDeadline> deadline =
      EffectiveDeadline(backend_->clock->Now(), routing.timeout, rpc_deadline_,
                        backend_->deadlines);
  if (!deadline.ok()) return deadline.status();
  absl::StatusOr<absl::Duration> start_timeout =
      EffectiveStartTimeout(routing.start_timeout, backend_->deadlines);
  if (!start_timeout.ok()) return start_timeout.status();

  CallSpec spec;
  spec.kind = kind_;
  spec.body = std::move(body);
  spec.deadline = deadline->deadline;
  spec.timeout = deadline->timeout;
  spec.start_timeout = *start_timeout;
  spec.idempotent = routing.idempotent || IsIdempotentByNature(kind_);
  spec.client_call_id = routing.call_id;
  spec.target = routing.target;
  return spec;
}

void UnaryCall::SubmitToSession(const std::string& name, CallSpec spec) {
  absl::StatusOr<std::shared_ptr<Session>> session =
      backend_->pools->FindSession(name, identity_);
  if (!session.ok()) return FinishWithError(session.status());
  session_ = *std::move(session);
  environment_ = session_->spec().environment;
  isolation_ = IsolationOf(session_->spec());
  KeepHandle(session_->Submit(std::move(spec),
                              [self = shared_from_this()](CallResult result) {
                                self->OnResult(std::move(result));
                              }));
}

void UnaryCall::SubmitToPool(std::shared_ptr<const Environment> environment,
                             IsolationRequest isolation, CallSpec spec) {
  environment_ = std::move(environment);
  isolation_ = IsolationAskedFor(isolation);
  KeepHandle(
      backend_->pools->Call(environment_, isolation, identity_, std::move(spec),
                            [self = shared_from_this()](CallResult result) {
                              self->OnResult(std::move(result));
                            }));
}

void UnaryCall::KeepHandle(std::shared_ptr<CallHandle> handle) {
  {
    absl::MutexLock lock(&mu_);
    if (answered_) return;
    handle_ = handle;
    if (!cancelled_) return;
  }
  if (handle != nullptr) handle->Cancel();
}

void UnaryCall::OnCancel() {
  std::shared_ptr<CallHandle> handle;
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    handle = handle_;
  }
  if (handle != nullptr) handle->Cancel();
}

void UnaryCall::OnResult(CallResult result) {
  const absl::Status status =
      ClientStatus(result, *backend_->pools, backend_->instance);
  Log(status, result);
  bool cancelled = false;
  {
    absl::MutexLock lock(&mu_);
    cancelled = cancelled_;
    answered_ = true;
    handle_ = nullptr;
  }
  if (cancelled) DropHandles(result);
  if (!status.ok()) return Finish(ToGrpcStatus(status));
  std::string fields = AppendedFields(
      kind_, result,
      DescribeWorker(
          result.worker, *environment_,
          result.isolation == nullptr ? isolation_ : *result.isolation,
          backend_->instance));
  *response_ = JoinForSending(std::move(result.body), std::move(fields));
  Finish(grpc::Status::OK);
}

void UnaryCall::DropHandles(const CallResult& result) {
  if (!result.implicit_session.empty()) {
    absl::StatusOr<std::shared_ptr<Session>> opened =
        backend_->pools->FindSession(result.implicit_session, identity_);
    if (opened.ok()) (*opened)->Close();
  } else if (session_ != nullptr && result.handle_count > 0) {
    session_->Undelivered(result.worker.epoch, result.first_handle,
                          result.handle_count);
  }
}

void UnaryCall::FinishWithError(const absl::Status& status) {
  Log(status, CallResult());
  Finish(ToGrpcStatus(status));
}

void UnaryCall::Log(const absl::Status& status,
                    const CallResult& result) const {
  if (!backend_->access_log->enabled()) return;
  AccessRecord record;
  record.method = MethodName(kind_);
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
