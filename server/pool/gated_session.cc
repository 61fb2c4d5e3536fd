#include "server/pool/gated_session.h"

#include <algorithm>
#include <utility>

#include "server/pool/isolation_choice.h"
#include "server/pool/pool_errors.h"

namespace envknit {

std::shared_ptr<GatedSession> GatedSession::InFrontOf(
    std::shared_ptr<Session> session, std::shared_ptr<ImportProbes> probes,
    const DelayedCall::Room& room) {
  std::shared_ptr<GatedSession> gate(
      new GatedSession(session->spec(), std::move(probes), room));
  gate->Settle(std::move(session));
  return gate;
}

std::shared_ptr<GatedSession> GatedSession::Awaiting(
    SessionSpec spec, std::shared_ptr<ImportProbes> probes,
    const DelayedCall::Room& room) {
  return std::shared_ptr<GatedSession>(
      new GatedSession(std::move(spec), std::move(probes), room));
}

GatedSession::GatedSession(SessionSpec spec,
                           std::shared_ptr<ImportProbes> probes,
                           const DelayedCall::Room& room)
    : probes_(std::move(probes)), room_(room), spec_(std::move(spec)) {}

std::shared_ptr<Session> GatedSession::inner() const {
  const absl::MutexLock lock(&mu_);
  return inner_;
}

const std::string& GatedSession::name() const {
  static const std::string* const kNone = new std::string;
  const std::shared_ptr<Session> session = inner();
  return session == nullptr ? *kNone : session->name();
}

bool GatedSession::Settle(absl::StatusOr<std::shared_ptr<Session>> session) {
  std::vector<std::function<void(absl::StatusOr<WorkerInfo>)>> when_settled;
  std::deque<Waiting> failed;
  {
    const absl::MutexLock lock(&mu_);
    if (inner_ != nullptr || !problem_.ok()) return false;
    if (session.ok()) {
      inner_ = *session;
      spec_.isolation = inner_->spec().isolation;
      spec_.isolation_reason = inner_->spec().isolation_reason;
      spec_.choose_isolation = false;
      for (Waiting& waiting : waiting_) {
        waiting.needs_trial =
            spec_.isolation == IsolationKind::kSubinterpreter &&
            waiting.needs_trial;
      }
    } else {
      problem_ = session.status();
      failed.swap(waiting_);
    }
    when_settled.swap(when_settled_);
  }
  for (auto& ready : when_settled) {
    if (session.ok()) {
      (*session)->WhenReady(std::move(ready));
    } else {
      ready(session.status());
    }
  }
  for (const Waiting& waiting : failed) {
    CallResult result;
    result.status = session.status();
    waiting.call->End(std::move(result));
  }
  Advance();
  return true;
}

void GatedSession::WhenReady(
    std::function<void(absl::StatusOr<WorkerInfo>)> ready) {
  std::shared_ptr<Session> session;
  absl::Status problem;
  {
    const absl::MutexLock lock(&mu_);
    session = inner_;
    problem = problem_;
    if (session == nullptr && problem.ok()) {
      when_settled_.push_back(std::move(ready));
      return;
    }
  }
  if (session != nullptr) return session->WhenReady(std::move(ready));
  ready(problem);
}

std::shared_ptr<CallHandle> GatedSession::Submit(CallSpec call, CallDone done) {
  std::shared_ptr<Session> session;
  absl::Status problem;
  std::shared_ptr<DelayedCall> delayed;
  {
    const absl::MutexLock lock(&mu_);
    problem = problem_;
    const bool needs_trial =
        NeedsTrial(call, *spec_.environment) &&
        (inner_ == nullptr ||
         spec_.isolation == IsolationKind::kSubinterpreter);
    if (inner_ != nullptr && waiting_.empty() && !advancing_ && !needs_trial) {
      session = inner_;
    } else if (problem.ok()) {
      absl::StatusOr<std::shared_ptr<DelayedCall>> created =
          DelayedCall::Create(call, done, room_, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self != nullptr) self->Advance();
          });
      problem = created.status();
      if (created.ok()) {
        delayed = *std::move(created);
        waiting_.push_back({delayed, needs_trial, false, absl::nullopt});
      }
    }
  }
  if (session != nullptr) {
    return session->Submit(std::move(call), std::move(done));
  }
  if (delayed == nullptr) {
    CallResult result;
    result.status = problem;
    done(std::move(result));
    return nullptr;
  }
  Advance();
  return delayed;
}

void GatedSession::Advance() {
  std::shared_ptr<Session> session;
  {
    const absl::MutexLock lock(&mu_);
    if (advancing_ || inner_ == nullptr) return;
    advancing_ = true;
    session = inner_;
  }
  for (;;) {
    Waiting front;
    bool begins_trial = false;
    {
      const absl::MutexLock lock(&mu_);
      while (!waiting_.empty() && !waiting_.front().call->waits()) {
        waiting_.pop_front();
      }
      const bool blocked =
          waiting_.empty() || (waiting_.front().trial_begun &&
                               !waiting_.front().verdict.has_value());
      if (blocked) {
        advancing_ = false;
        return;
      }
      if (waiting_.front().needs_trial && !waiting_.front().trial_begun) {
        waiting_.front().trial_begun = begins_trial = true;
        front.call = waiting_.front().call;
      } else {
        front = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    if (begins_trial) {
      BeginTrial(front.call);
      continue;
    }
    front.call->PassOn(
        [&session, &front](CallSpec spec,
                           CallDone done) -> std::shared_ptr<CallHandle> {
          absl::optional<CallResult> refusal;
          if (front.verdict.has_value())
            refusal = RefusalOf(spec, *front.verdict);
          if (!refusal.has_value()) {
            return session->Submit(std::move(spec), std::move(done));
          }
          done(*std::move(refusal));
          return nullptr;
        });
  }
}

void GatedSession::BeginTrial(const std::shared_ptr<DelayedCall>& call) {
  probes_->Try(spec_.environment, {call->target()},
               [self = shared_from_this(), call](ImportVerdict verdict) {
                 self->OnVerdict(call.get(), std::move(verdict));
               });
}

void GatedSession::OnVerdict(const DelayedCall* call, ImportVerdict verdict) {
  {
    const absl::MutexLock lock(&mu_);
    const auto found = std::find_if(
        waiting_.begin(), waiting_.end(),
        [call](const Waiting& waiting) { return waiting.call.get() == call; });
    if (found == waiting_.end()) return;
    found->verdict = std::move(verdict);
  }
  Advance();
}

void GatedSession::Cancel(uint32_t carrier, uint64_t client_call_id) {
  std::shared_ptr<DelayedCall> call;
  {
    const absl::MutexLock lock(&mu_);
    for (const Waiting& waiting : waiting_) {
      if (waiting.call->IsCalled(carrier, client_call_id)) call = waiting.call;
    }
  }
  if (call != nullptr) return call->Cancel();
  const std::shared_ptr<Session> session = inner();
  if (session != nullptr) session->Cancel(carrier, client_call_id);
}

void GatedSession::Undelivered(Epoch epoch, uint64_t first_handle,
                               uint32_t handle_count) {
  const std::shared_ptr<Session> session = inner();
  if (session != nullptr) {
    session->Undelivered(epoch, first_handle, handle_count);
  }
}

void GatedSession::Close() {
  // One that is still awaited will not be taken.
  if (Settle(SessionClosed())) return;
  std::deque<Waiting> waiting;
  std::shared_ptr<Session> session;
  {
    const absl::MutexLock lock(&mu_);
    waiting.swap(waiting_);
    session = inner_;
  }
  for (const Waiting& one : waiting) one.call->Cancel();
  if (session != nullptr) session->Close();
}

void GatedSession::CloseAfter(absl::Duration grace) {
  const std::shared_ptr<Session> session = inner();
  if (session != nullptr) return session->CloseAfter(grace);
  // Nobody can come back to a session that has no name yet.
  Close();
}

}  // namespace envknit
