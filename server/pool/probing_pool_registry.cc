#include "server/pool/probing_pool_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"
#include "server/pool/isolation_choice.h"

namespace envknit {
namespace {

std::vector<std::string> ModulesOf(const Environment& environment) {
  if (!environment.contents.has_value()) return {};
  return environment.contents->import_names;
}

absl::string_view NameOf(IsolationKind kind) {
  return kind == IsolationKind::kProcess ? "process" : "subinterpreter";
}

// The call's own result says what was chosen for it.
CallDone WithChoice(CallDone done, IsolationChoice choice) {
  return [done = std::move(done),
          choice = std::make_shared<const IsolationChoice>(std::move(choice))](
             CallResult result) {
    result.isolation = choice;
    done(std::move(result));
  };
}

absl::Status ChosenTooLate(const SessionSpec& spec) {
  return MakeError(
      ErrorReason::kWorkerUnavailable,
      absl::StrCat("no worker of environment '", spec.environment->name,
                   "' within ", absl::FormatDuration(spec.start_timeout),
                   ": its modules are still being tried in a sub-interpreter"),
      {{"environment", spec.environment->name}});
}

}  // namespace

ProbingPoolRegistry::ProbingPoolRegistry(const PoolOptions& options,
                                         const Parts& parts,
                                         std::shared_ptr<ImportProbes> probes)
    : parts_(parts),
      probes_(std::move(probes)),
      room_{std::make_shared<DelayBudget>(options), parts.timers} {}

ProbingPoolRegistry::~ProbingPoolRegistry() { probes_->Shutdown(); }

absl::StatusOr<std::shared_ptr<Session>> ProbingPoolRegistry::OpenSession(
    SessionSpec spec) {
  if (spec.choose_isolation) {
    absl::optional<IsolationChoice> choice =
        ChooseWithoutTrial(*spec.environment);
    if (!choice.has_value()) return OpenWhenChosen(std::move(spec));
    spec.choose_isolation = false;
    spec.isolation = choice->kind;
    spec.isolation_reason = std::move(choice->reason);
  }
  absl::StatusOr<std::shared_ptr<Session>> session =
      parts_.pools->OpenSession(std::move(spec));
  if (!session.ok()) return session;
  return Gate(*std::move(session));
}

std::shared_ptr<Session> ProbingPoolRegistry::OpenWhenChosen(SessionSpec spec) {
  const std::shared_ptr<GatedSession> gate =
      GatedSession::Awaiting(spec, probes_, room_);
  const Timers::Id timer =
      parts_.timers->RunAt(parts_.clock->Now() + spec.start_timeout,
                           [gate, spec] { gate->Settle(ChosenTooLate(spec)); });
  const std::shared_ptr<const Environment> environment = spec.environment;
  probes_->Try(environment, ModulesOf(*environment),
               [this, gate, timer,
                spec = std::move(spec)](const ImportVerdict& verdict) {
                 parts_.timers->Cancel(timer);
                 Settle(gate, spec,
                        ChooseByVerdict(*spec.environment, verdict));
               });
  return gate;
}

void ProbingPoolRegistry::Settle(const std::shared_ptr<GatedSession>& gate,
                                 SessionSpec spec,
                                 const IsolationChoice& choice) {
  spec.choose_isolation = false;
  spec.isolation = choice.kind;
  spec.isolation_reason = choice.reason;
  const std::string environment = spec.environment->name;
  absl::StatusOr<std::shared_ptr<Session>> session =
      parts_.pools->OpenSession(std::move(spec));
  if (session.ok()) {
    parts_.logger->Info("isolation chosen", {{"session", (*session)->name()},
                                             {"environment", environment},
                                             {"isolation", NameOf(choice.kind)},
                                             {"reason", choice.reason}});
    const absl::MutexLock lock(&mu_);
    KeepGate((*session)->name(), gate);
  }
  // Closed meanwhile, or too late.
  if (!gate->Settle(session) && session.ok()) (*session)->Close();
}

std::shared_ptr<Session> ProbingPoolRegistry::Gate(
    std::shared_ptr<Session> session) {
  if (session->spec().isolation != IsolationKind::kSubinterpreter) {
    return session;
  }
  const absl::MutexLock lock(&mu_);
  const auto found = gates_.find(session->name());
  std::shared_ptr<GatedSession> gate =
      found == gates_.end() ? nullptr : found->second.lock();
  if (gate != nullptr) return gate;
  const std::string name = session->name();
  gate = GatedSession::InFrontOf(std::move(session), probes_, room_);
  KeepGate(name, gate);
  return gate;
}

void ProbingPoolRegistry::KeepGate(const std::string& name,
                                   const std::shared_ptr<GatedSession>& gate) {
  gates_[name] = gate;
  if (gates_.size() < sweep_at_) return;
  absl::erase_if(gates_, [](const auto& one) { return one.second.expired(); });
  sweep_at_ = std::max<std::size_t>(64, 2 * gates_.size());
}

absl::StatusOr<std::shared_ptr<Session>> ProbingPoolRegistry::FindSession(
    absl::string_view name, const Identity& identity) {
  absl::StatusOr<std::shared_ptr<Session>> session =
      parts_.pools->FindSession(name, identity);
  if (!session.ok()) return session;
  return Gate(*std::move(session));
}

std::shared_ptr<CallHandle> ProbingPoolRegistry::Call(
    std::shared_ptr<const Environment> environment, IsolationRequest isolation,
    const Identity& identity, CallSpec call, CallDone done) {
  const bool chooses = isolation == IsolationRequest::kAuto;
  absl::optional<IsolationChoice> choice;
  if (chooses) choice = ChooseWithoutTrial(*environment);
  const bool is_process =
      chooses ? choice.has_value() && choice->kind == IsolationKind::kProcess
              : isolation == IsolationRequest::kProcess;
  if (is_process || (!chooses && !NeedsTrial(call, *environment))) {
    if (choice.has_value()) done = WithChoice(std::move(done), *choice);
    return parts_.pools->Call(
        std::move(environment),
        is_process ? IsolationRequest::kProcess : isolation, identity,
        std::move(call), std::move(done));
  }
  absl::StatusOr<std::shared_ptr<DelayedCall>> created =
      DelayedCall::Create(call, done, room_);
  if (!created.ok()) {
    CallResult refusal;
    refusal.status = created.status();
    done(std::move(refusal));
    return nullptr;
  }
  const std::shared_ptr<DelayedCall> delayed = *std::move(created);
  const auto submit_as = [pools = parts_.pools, environment, identity](
                             const absl::optional<IsolationChoice>& chosen) {
    return [=](CallSpec spec, CallDone result) {
      const bool in_process =
          chosen.has_value() && chosen->kind == IsolationKind::kProcess;
      if (chosen.has_value()) result = WithChoice(std::move(result), *chosen);
      return pools->Call(environment,
                         in_process ? IsolationRequest::kProcess
                                    : IsolationRequest::kSubinterpreter,
                         identity, std::move(spec), std::move(result));
    };
  };
  if (!chooses || choice.has_value()) {
    Place(delayed, environment, IsolationKind::kSubinterpreter,
          submit_as(choice));
    return delayed;
  }
  probes_->Try(
      environment, ModulesOf(*environment),
      [this, delayed, environment, submit_as](const ImportVerdict& verdict) {
        const IsolationChoice chosen = ChooseByVerdict(*environment, verdict);
        Place(delayed, environment, chosen.kind, submit_as(chosen));
      });
  return delayed;
}

void ProbingPoolRegistry::Place(
    const std::shared_ptr<DelayedCall>& call,
    const std::shared_ptr<const Environment>& environment,
    IsolationKind isolation, const DelayedCall::Submit& submit) {
  CallSpec shape;
  shape.kind = call->kind();
  shape.target = call->target();
  if (isolation == IsolationKind::kProcess ||
      !NeedsTrial(shape, *environment)) {
    return call->PassOn(submit);
  }
  probes_->Try(environment, {call->target()},
               [call, shape, submit](const ImportVerdict& verdict) {
                 absl::optional<CallResult> refusal = RefusalOf(shape, verdict);
                 if (refusal.has_value()) {
                   call->End(*std::move(refusal));
                 } else {
                   call->PassOn(submit);
                 }
               });
}

void ProbingPoolRegistry::Shutdown(std::function<void()> done) {
  probes_->Shutdown();
  parts_.pools->Shutdown(std::move(done));
}

}  // namespace envknit
