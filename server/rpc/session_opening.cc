#include "server/rpc/session_opening.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/base/annotated_status.h"
#include "server/base/log.h"
#include "server/rpc/reply_fields.h"
#include "server/rpc/routing.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

absl::Status CheckLabels(const v1::OpenSessionRequest& request,
                         const RpcLimits& limits) {
  if (request.labels_size() > limits.max_labels) {
    return MakeError(ErrorReason::kLimitExceeded,
                     absl::StrCat("a session has at most ", limits.max_labels,
                                  " labels, not ", request.labels_size()),
                     {{"limit", absl::StrCat(limits.max_labels)},
                      {"value", absl::StrCat(request.labels_size())}});
  }
  for (const auto& [key, value] : request.labels()) {
    const std::size_t bytes = key.size() + value.size();
    if (bytes <= static_cast<std::size_t>(limits.max_label_bytes)) continue;
    return MakeError(
        ErrorReason::kLimitExceeded,
        absl::StrCat("a label has at most ", limits.max_label_bytes, " bytes"),
        {{"limit", absl::StrCat(limits.max_label_bytes)},
         {"value", absl::StrCat(bytes)}});
  }
  return absl::OkStatus();
}

absl::StatusOr<SessionSpec> ParseSpec(const RpcBackend& backend,
                                      const v1::OpenSessionRequest& request) {
  if (!request.has_environment()) {
    return MalformedField("environment", "not set");
  }
  absl::StatusOr<IsolationRequest> isolation =
      ParseIsolation(request.isolation());
  if (!isolation.ok()) return isolation.status();
  absl::optional<absl::Duration> asked;
  if (request.has_start_timeout()) {
    absl::StatusOr<absl::Duration> duration = ReadDuration(
        request.start_timeout().SerializeAsString(), "start_timeout");
    if (!duration.ok()) return duration.status();
    asked = *duration;
  }
  absl::StatusOr<absl::Duration> start_timeout =
      EffectiveStartTimeout(asked, backend.deadlines);
  if (!start_timeout.ok()) return start_timeout.status();
  absl::Status labels = CheckLabels(request, backend.limits);
  if (!labels.ok()) return labels;

  SessionSpec spec;
  spec.isolation = IsolationAskedFor(*isolation).kind;
  spec.choose_isolation = *isolation == IsolationRequest::kAuto;
  spec.start_timeout = *start_timeout;
  spec.may_reuse_worker = request.reuse() == v1::REUSE_POLICY_SAME_IDENTITY;
  spec.labels.insert(request.labels().begin(), request.labels().end());
  return spec;
}

void LogOpened(Logger& logger, const Session& session) {
  const SessionSpec& spec = session.spec();
  logger.Info(
      "session opened",
      {{"session", session.name()},
       {"environment", spec.environment->name},
       {"identity", spec.identity},
       {"labels", absl::StrJoin(spec.labels, " ", absl::PairFormatter("="))}});
}

void LogOpening(Logger* logger, const std::shared_ptr<Session>& session) {
  if (!logger->Enabled(LogLevel::kInfo)) return;
  if (!session->name().empty()) return LogOpened(*logger, *session);
  // It has a name when its isolation is chosen.
  session->WhenReady(
      [logger, session](const absl::StatusOr<WorkerInfo>& worker) {
        if (worker.ok()) LogOpened(*logger, *session);
      });
}

IsolationRequest IsolationRequestOf(const SessionSpec& spec) {
  if (spec.choose_isolation) return IsolationRequest::kAuto;
  return spec.isolation == IsolationKind::kSubinterpreter
             ? IsolationRequest::kSubinterpreter
             : IsolationRequest::kProcess;
}

}  // namespace

void BeginSession(const RpcBackend& backend,
                  const v1::OpenSessionRequest& request,
                  const Identity& identity, bool attached,
                  SessionOpened opened) {
  absl::StatusOr<SessionSpec> spec = ParseSpec(backend, request);
  if (!spec.ok()) return opened(spec.status());
  spec->identity = identity;
  spec->attached = attached;
  const IsolationRequest isolation = IsolationRequestOf(*spec);
  backend.environments->Resolve(
      request.environment().SerializeAsString(), isolation,
      [pools = backend.pools, logger = backend.logger, spec = *std::move(spec),
       opened =
           std::move(opened)](absl::StatusOr<std::shared_ptr<const Environment>>
                                  environment) mutable {
        if (!environment.ok()) return opened(environment.status());
        spec.environment = *std::move(environment);
        absl::StatusOr<std::shared_ptr<Session>> session =
            pools->OpenSession(std::move(spec));
        if (session.ok()) LogOpening(logger, *session);
        opened(std::move(session));
      });
}

v1::WorkerDescription DescribeSessionWorker(const RpcBackend& backend,
                                            const Session& session,
                                            const WorkerInfo& worker) {
  return DescribeWorker(worker, *session.spec().environment,
                        IsolationOf(session.spec()), backend.instance);
}

}  // namespace envknit
