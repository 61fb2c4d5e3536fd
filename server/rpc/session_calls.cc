#include "server/rpc/session_calls.h"

#include <cstddef>
#include <utility>

#include "server/base/annotated_status.h"
#include "server/rpc/session_opening.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

// A release runs `__del__` methods, which are user code.
constexpr absl::Duration kReleaseTimeout = absl::Seconds(5);

// Finishes when the worker answered, however it did: unknown handles are gone
// already.
class ReleaseCall final : public grpc::ServerUnaryReactor {
 public:
  void Finished(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* OpenSessionCall::Start(
    const RpcBackend* backend, const v1::OpenSessionRequest& request,
    const Identity& identity, v1::OpenSessionResponse* response) {
  std::shared_ptr<OpenSessionCall> call(new OpenSessionCall(backend, response));
  call->self_ = call;
  BeginSession(*backend, request, identity, /*attached=*/false,
               [call](absl::StatusOr<std::shared_ptr<Session>> session) {
                 call->OnOpened(std::move(session));
               });
  return call.get();
}

void OpenSessionCall::OnDone() {
  const std::shared_ptr<OpenSessionCall> last = std::move(self_);
}

void OpenSessionCall::OnCancel() {
  std::shared_ptr<Session> session;
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    session = std::move(session_);
  }
  // What waits for its worker hears of the end.
  if (session != nullptr) session->Close();
}

void OpenSessionCall::OnOpened(
    absl::StatusOr<std::shared_ptr<Session>> session) {
  if (!session.ok()) return Finish(ToGrpcStatus(session.status()));
  bool cancelled = false;
  {
    absl::MutexLock lock(&mu_);
    cancelled = cancelled_;
    if (!cancelled) session_ = *session;
  }
  if (cancelled) (*session)->Close();
  (*session)->WhenReady([self = shared_from_this(), opened = *session](
                            const absl::StatusOr<WorkerInfo>& worker) {
    self->OnReady(opened, worker);
  });
}

void OpenSessionCall::OnReady(const std::shared_ptr<Session>& session,
                              const absl::StatusOr<WorkerInfo>& worker) {
  {
    absl::MutexLock lock(&mu_);
    session_ = nullptr;
  }
  if (!worker.ok()) {
    session->Close();
    return Finish(ToGrpcStatus(worker.status()));
  }
  response_->set_session(session->name());
  *response_->mutable_worker() =
      DescribeSessionWorker(*backend_, *session, *worker);
  Finish(grpc::Status::OK);
}

grpc::ServerUnaryReactor* StartRelease(const RpcBackend& backend,
                                       const v1::ReleaseRequest& request,
                                       const Identity& identity) {
  auto* const call = new ReleaseCall();
  absl::StatusOr<std::shared_ptr<Session>> session =
      backend.pools->FindSession(request.session(), identity);
  if (!session.ok()) {
    call->Finished(session.status());
    return call;
  }
  CallSpec spec;
  spec.kind = CallKind::kRelease;
  spec.body = request.SerializeAsString();
  const auto limit = static_cast<std::size_t>(backend.limits.message_bytes);
  if (spec.body.size() > limit) {
    call->Finished(MakeMessageTooLarge(spec.body.size(), limit));
    return call;
  }
  spec.timeout = kReleaseTimeout;
  spec.deadline = backend.clock->Now() + kReleaseTimeout;
  spec.start_timeout = (*session)->spec().start_timeout;
  spec.idempotent = true;
  (*session)->Submit(std::move(spec), [call](CallResult result) {
    call->Finished(result.status);
  });
  return call;
}

}  // namespace envknit
