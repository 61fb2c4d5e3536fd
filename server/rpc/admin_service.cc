#include "server/rpc/admin_service.h"

#include <unistd.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/base/annotated_status.h"
#include "server/rpc/access_log.h"
#include "server/rpc/utf8_text.h"

namespace envknit {
namespace {

void SetTimestamp(absl::Time from, google::protobuf::Timestamp* to) {
  const int64_t seconds = absl::ToUnixSeconds(from);
  to->set_seconds(seconds);
  to->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(from - absl::FromUnixSeconds(seconds))));
}

void SetDuration(absl::Duration from, google::protobuf::Duration* to) {
  absl::Duration rest;
  to->set_seconds(absl::IDivDuration(from, absl::Seconds(1), &rest));
  to->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

v1::WorkerState ConvertState(WorkerSnapshot::State state) {
  switch (state) {
    case WorkerSnapshot::State::kStarting:
      return v1::WORKER_STATE_STARTING;
    case WorkerSnapshot::State::kIdle:
      return v1::WORKER_STATE_IDLE;
    case WorkerSnapshot::State::kBusy:
      return v1::WORKER_STATE_BUSY;
    case WorkerSnapshot::State::kStoppingCall:
      return v1::WORKER_STATE_STOPPING_CALL;
    case WorkerSnapshot::State::kEnding:
      return v1::WORKER_STATE_ENDING;
  }
  return v1::WORKER_STATE_UNSPECIFIED;
}

void DescribeEnvironment(const EnvironmentListing& listing,
                         v1::EnvironmentDescription* to) {
  to->set_name(ToValidUtf8(listing.name));
  for (const LockedPackage& package : listing.packages) {
    v1::InlinePackage* added = to->add_packages();
    added->set_name(ToValidUtf8(package.name));
    added->set_version(ToValidUtf8(package.version));
  }
  if (!listing.problem.ok()) {
    to->set_problem(ToValidUtf8(listing.problem.message()));
  }
  if (listing.environment == nullptr) return;
  const Environment& environment = *listing.environment;
  to->set_digest(environment.digest);
  to->set_interpreter(ToValidUtf8(environment.interpreter.path));
  to->set_python(environment.interpreter.version);
  for (const std::string& path : environment.install_paths) {
    to->add_install_paths(ToValidUtf8(path));
  }
}

void DescribeWorkerStatus(const WorkerSnapshot& worker, v1::WorkerStatus* to) {
  to->set_environment(ToValidUtf8(worker.environment));
  to->set_isolation(static_cast<v1::IsolationKind>(worker.isolation));
  to->set_pid(worker.info.pid);
  to->set_epoch(worker.info.epoch);
  to->set_state(ConvertState(worker.state));
  to->set_session(worker.session);
  SetTimestamp(worker.info.started, to->mutable_started());
  to->set_calls(worker.calls);
  to->set_running(ToValidUtf8(worker.running));
  if (!worker.running.empty()) {
    SetDuration(worker.running_for, to->mutable_running_for());
  }
  to->set_last_ladder_action(worker.last_ladder_action);
  to->set_last_stack(ToValidUtf8(worker.last_stack));
  to->set_python(worker.info.python);
  to->set_handles(worker.handles);
}

void DescribeSessionStatus(const SessionSnapshot& session,
                           v1::SessionStatus* to) {
  to->set_environment(ToValidUtf8(session.environment));
  to->set_isolation(static_cast<v1::IsolationKind>(session.isolation));
  to->set_session(session.name);
  to->set_identity(ToValidUtf8(session.identity));
  to->set_attached(session.attached);
  to->set_implicit(session.implicit);
  to->mutable_labels()->insert(session.labels.begin(), session.labels.end());
  to->set_pid(session.pid);
  to->set_epoch(session.epoch);
  to->set_handles(session.handles);
  to->set_calls_in_flight(static_cast<uint32_t>(session.calls_in_flight));
  to->set_calls(session.calls);
  SetTimestamp(session.opened, to->mutable_opened());
  SetTimestamp(session.last_call, to->mutable_last_call());
  if (session.expires.has_value()) {
    SetTimestamp(*session.expires, to->mutable_expires());
  }
}

// Finishes when the resolver has answered.
class ListCall final : public grpc::ServerUnaryReactor {
 public:
  void OnDone() override { delete this; }
};

}  // namespace

AdminService::AdminService(const RpcBackend* backend)
    : backend_(backend), started_(backend->clock->Now()) {}

grpc::ServerUnaryReactor* AdminService::GetServerInfo(
    grpc::CallbackServerContext*, const v1::GetServerInfoRequest*,
    v1::GetServerInfoResponse* response) {
  response->set_version(ENVKNIT_VERSION);
  response->add_apis("envknit.v1");
  response->add_features("attach");
  response->add_features("json");
  response->set_instance(backend_->instance);
  response->add_isolation_kinds(v1::ISOLATION_KIND_PROCESS);
  SetTimestamp(started_, response->mutable_started());
  response->set_pid(::getpid());
  auto& limits = *response->mutable_limits();
  limits["message_bytes"] =
      static_cast<uint64_t>(backend_->limits.message_bytes);
  limits["handles"] = static_cast<uint64_t>(backend_->limits.handles);
  limits["unsent_bytes"] = static_cast<uint64_t>(backend_->limits.unsent_bytes);
  limits["default_timeout_ms"] = static_cast<uint64_t>(
      absl::ToInt64Milliseconds(backend_->deadlines.default_timeout));
  limits["max_timeout_ms"] = static_cast<uint64_t>(
      absl::ToInt64Milliseconds(backend_->deadlines.max_timeout));
  for (const auto& [kind, count] : backend_->pools->CallCounts()) {
    (*response->mutable_calls())[std::string(MethodName(kind))] = count;
  }
  // The first time a Python must be asked.
  auto* const call = new ListCall();
  backend_->environments->FindSubinterpreters([response, call](bool found) {
    if (found) response->add_isolation_kinds(v1::ISOLATION_KIND_SUBINTERPRETER);
    call->Finish(grpc::Status::OK);
  });
  return call;
}

grpc::ServerUnaryReactor* AdminService::ListEnvironments(
    grpc::CallbackServerContext*, const v1::ListEnvironmentsRequest*,
    v1::ListEnvironmentsResponse* response) {
  auto* const call = new ListCall();
  EnvironmentStore* const store = backend_->environments->store();
  backend_->environments->Run([store, response, call] {
    for (const EnvironmentListing& listing : store->List()) {
      DescribeEnvironment(listing, response->add_environments());
    }
    call->Finish(grpc::Status::OK);
  });
  return call;
}

grpc::ServerUnaryReactor* AdminService::ListWorkers(
    grpc::CallbackServerContext* context, const v1::ListWorkersRequest* request,
    v1::ListWorkersResponse* response) {
  for (const WorkerSnapshot& worker : backend_->pools->ListWorkers()) {
    if (request->environment().empty() ||
        request->environment() == worker.environment) {
      DescribeWorkerStatus(worker, response->add_workers());
    }
  }
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::ListSessions(
    grpc::CallbackServerContext* context,
    const v1::ListSessionsRequest* request,
    v1::ListSessionsResponse* response) {
  for (const SessionSnapshot& session : backend_->pools->ListSessions()) {
    if (request->environment().empty() ||
        request->environment() == session.environment) {
      DescribeSessionStatus(session, response->add_sessions());
    }
  }
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace envknit
