#include "server/rpc/isolation_service.h"

#include <utility>
#include <vector>

#include "server/rpc/fetch_call.h"
#include "server/rpc/iterate_call.h"
#include "server/rpc/put_call.h"
#include "server/rpc/session_calls.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/unary_call.h"

namespace envknit {
namespace {

grpc::ServerUnaryReactor* FinishAtOnce(grpc::CallbackServerContext* context,
                                       const absl::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

Identity IsolationService::Identify(
    const grpc::CallbackServerContext& context) const {
  return backend_->peers->Identify(context.peer());
}

grpc::ServerUnaryReactor* IsolationService::Import(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kImport, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::GetAttr(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kGetAttr, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::Call(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kCall, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::SetAttr(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kSetAttr, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::DelAttr(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kDelAttr, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::Next(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kNext, context, request,
                          response);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* IsolationService::Iterate(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return IterateCall::Start(backend_.get(), context, request);
}

grpc::ServerUnaryReactor* IsolationService::Describe(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kDescribe, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::Execute(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kExecute, context, request,
                          response);
}

grpc::ServerUnaryReactor* IsolationService::TryImport(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return UnaryCall::Start(backend_.get(), CallKind::kTryImport, context,
                          request, response);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* IsolationService::Fetch(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return FetchCall::Start(backend_.get(), context, request);
}

grpc::ServerReadReactor<grpc::ByteBuffer>* IsolationService::Put(
    grpc::CallbackServerContext* context, grpc::ByteBuffer* response) {
  return PutCall::Start(backend_.get(), context, response);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
IsolationService::Attach(grpc::CallbackServerContext* context) {
  uint32_t carrier = 0;
  absl::Status end;
  {
    absl::MutexLock lock(&mu_);
    carrier = next_carrier_++;
    // Those that ended are found whenever one begins.
    for (auto it = streams_.begin(); it != streams_.end();) {
      if (it->second.expired()) {
        streams_.erase(it++);
      } else {
        ++it;
      }
    }
    end = end_;
  }
  const std::shared_ptr<AttachStream> stream =
      AttachStream::Start(backend_, carrier, context);
  if (end.ok()) {
    absl::MutexLock lock(&mu_);
    streams_.emplace(carrier, stream);
    end = end_;
  }
  if (!end.ok()) stream->Abort(end);
  return stream.get();
}

void IsolationService::EndStreams(const absl::Status& status) {
  std::vector<std::shared_ptr<AttachStream>> streams;
  {
    absl::MutexLock lock(&mu_);
    end_ = status;
    for (const auto& [carrier, stream] : streams_) {
      std::shared_ptr<AttachStream> alive = stream.lock();
      if (alive != nullptr) streams.push_back(std::move(alive));
    }
  }
  for (const std::shared_ptr<AttachStream>& stream : streams) {
    stream->Abort(status);
  }
}

grpc::ServerUnaryReactor* IsolationService::Release(
    grpc::CallbackServerContext* context, const v1::ReleaseRequest* request,
    v1::ReleaseResponse*) {
  return StartRelease(*backend_, *request, Identify(*context));
}

grpc::ServerUnaryReactor* IsolationService::OpenSession(
    grpc::CallbackServerContext* context, const v1::OpenSessionRequest* request,
    v1::OpenSessionResponse* response) {
  return OpenSessionCall::Start(backend_.get(), *request, Identify(*context),
                                response);
}

grpc::ServerUnaryReactor* IsolationService::CloseSession(
    grpc::CallbackServerContext* context,
    const v1::CloseSessionRequest* request, v1::CloseSessionResponse*) {
  absl::StatusOr<std::shared_ptr<Session>> session =
      backend_->pools->FindSession(request->session(), Identify(*context));
  if (session.ok()) (*session)->Close();
  return FinishAtOnce(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* IsolationService::Cancel(
    grpc::CallbackServerContext* context, const v1::CancelRequest* request,
    v1::CancelResponse*) {
  absl::StatusOr<std::shared_ptr<Session>> session =
      backend_->pools->FindSession(request->session(), Identify(*context));
  if (!session.ok()) return FinishAtOnce(context, session.status());
  (*session)->Cancel(request->carrier(), request->call_id());
  return FinishAtOnce(context, absl::OkStatus());
}

}  // namespace envknit
