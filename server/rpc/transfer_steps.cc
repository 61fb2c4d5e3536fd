#include "server/rpc/transfer_steps.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/server_context.h"
#include "protozero/pbf_writer.hpp"

#include "server/rpc/handle_errors.h"
#include "server/rpc/reply_fields.h"
#include "server/rpc/rpc_deadline.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

// Field numbers of Handle.
constexpr uint32_t kHandleId = 1;
constexpr uint32_t kHandleEpoch = 2;

}  // namespace

TransferSteps::TransferSteps(const RpcBackend* backend, CallKind kind,
                             const grpc::CallbackServerContext& context)
    : backend_(backend),
      kind_(kind),
      peer_(context.peer()),
      identity_(backend->peers->Identify(peer_)),
      rpc_deadline_(RpcDeadline(context, *backend->clock)) {}

void TransferSteps::First(std::string body, Done done) {
  absl::StatusOr<Routing> routing = ParseRouting(kind_, body);
  if (!routing.ok()) return done(routing.status(), CallResult());
  routing_ = *std::move(routing);
  if (!routing_.session.empty()) {
    if (!routing_.environment.empty()) {
      return done(MalformedField("environment",
                                 "a session has its environment: set only one"),
                  CallResult());
    }
    absl::StatusOr<std::shared_ptr<Session>> session =
        backend_->pools->FindSession(routing_.session, identity_);
    if (!session.ok()) return done(session.status(), CallResult());
    session_ = *std::move(session);
    environment_ = session_->spec().environment;
    return Run(std::move(body), done);
  }
  if (routing_.environment.empty()) {
    return done(MalformedField("environment", "set this or a session"),
                CallResult());
  }
  backend_->environments->Resolve(
      routing_.environment, routing_.isolation,
      [self = shared_from_this(), body = std::move(body),
       done =
           std::move(done)](absl::StatusOr<std::shared_ptr<const Environment>>
                                environment) mutable {
        if (!environment.ok()) return done(environment.status(), CallResult());
        self->environment_ = *std::move(environment);
        self->Run(std::move(body), done);
      });
}

void TransferSteps::Next(std::string body, Done done) {
  Run(std::move(body), done);
}

std::string TransferSteps::TransferName() const {
  std::string handle;
  if (transfer_ == 0) return handle;
  protozero::pbf_writer writer(handle);
  writer.add_uint64(kHandleId, transfer_);
  writer.add_uint64(kHandleEpoch, epoch_);
  return handle;
}

absl::StatusOr<CallSpec> TransferSteps::MakeSpec(std::string body) const {
  absl::StatusOr<CallDeadline> deadline =
      EffectiveDeadline(backend_->clock->Now(), routing_.timeout, rpc_deadline_,
                        backend_->deadlines);
  if (!deadline.ok()) return deadline.status();
  absl::StatusOr<absl::Duration> start_timeout =
      EffectiveStartTimeout(routing_.start_timeout, backend_->deadlines);
  if (!start_timeout.ok()) return start_timeout.status();

  CallSpec spec;
  spec.kind = kind_;
  spec.body = std::move(body);
  spec.deadline = deadline->deadline;
  spec.timeout = deadline->timeout;
  spec.start_timeout = *start_timeout;
  spec.idempotent = routing_.idempotent;
  spec.client_call_id = routing_.call_id;
  spec.target = routing_.target;
  return spec;
}

void TransferSteps::Run(std::string body, const Done& done) {
  request_bytes_ += body.size();
  absl::StatusOr<CallSpec> spec = MakeSpec(std::move(body));
  if (!spec.ok()) return done(spec.status(), CallResult());
  timeout_ = spec->timeout;
  {
    absl::MutexLock lock(&mu_);
    idle_ = false;
  }
  auto on_result = [self = shared_from_this(), done](CallResult result) {
    self->OnResult(std::move(result), done);
  };
  // The result may come before these return, and change the members.
  const std::shared_ptr<Session> session = session_;
  KeepHandle(session != nullptr
                 ? session->Submit(*std::move(spec), std::move(on_result))
                 : backend_->pools->Call(environment_, routing_.isolation,
                                         identity_, *std::move(spec),
                                         std::move(on_result)));
}

void TransferSteps::KeepHandle(std::shared_ptr<CallHandle> handle) {
  {
    absl::MutexLock lock(&mu_);
    if (idle_) return;
    handle_ = handle;
    if (!cancelled_) return;
  }
  if (handle != nullptr) handle->Cancel();
}

void TransferSteps::Cancel() {
  std::shared_ptr<CallHandle> handle;
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    handle = handle_;
  }
  if (handle != nullptr) handle->Cancel();
}

bool TransferSteps::is_cancelled() const {
  absl::MutexLock lock(&mu_);
  return cancelled_;
}

void TransferSteps::OnResult(CallResult result, const Done& done) {
  {
    absl::MutexLock lock(&mu_);
    idle_ = true;
    handle_ = nullptr;
  }
  queued_ += result.queued;
  execution_ += result.execution;
  reply_bytes_ += result.body.size();
  worker_pid_ = result.worker.pid;
  if (!result.implicit_session.empty()) {
    absl::StatusOr<std::shared_ptr<Session>> opened =
        backend_->pools->FindSession(result.implicit_session, identity_);
    if (opened.ok()) {
      session_ = *std::move(opened);
      session_is_ours_ = true;
    }
  }
  if (result.handle_count > 0) {
    // The transfer's at first, at last the value's.
    transfer_ = result.first_handle;
    epoch_ = result.worker.epoch;
  } else if (!result.more && result.status.ok()) {
    transfer_ = 0;
  }
  const absl::Status status =
      ClientStatus(result, *backend_->pools, backend_->instance);
  done(status, std::move(result));
}

std::string TransferSteps::Fields(CallResult result, bool keeps_session) const {
  result.implicit_session.clear();
  if (keeps_session && session_is_ours_) {
    result.implicit_session = session_->name();
  }
  return AppendedFields(kind_, result);
}

void TransferSteps::End(const absl::Status& status, bool keeps_session) {
  if (session_ != nullptr && !keeps_session) {
    if (session_is_ours_) {
      session_->Close();
    } else if (transfer_ != 0) {
      session_->Undelivered(epoch_, transfer_, 1);
    }
  }
  if (!backend_->access_log->enabled()) return;
  AccessRecord record;
  record.method = MethodName(kind_);
  if (environment_ != nullptr) record.environment = environment_->name;
  record.status = status;
  record.queued = queued_;
  record.execution = execution_;
  record.timeout = timeout_;
  record.request_bytes = request_bytes_;
  record.reply_bytes = reply_bytes_;
  record.worker_pid = worker_pid_;
  record.peer = absl::StrCat(identity_, " ", peer_);
  backend_->access_log->Write(record);
}

}  // namespace envknit
