// Events in, decisions to the outbox.
#include "server/pool/worker_pool.h"

#include <string>
#include <utility>

#include "server/pool/worker_pool_turn.h"

namespace envknit {
namespace {

class PooledCall final : public CallHandle {
 public:
  PooledCall(std::shared_ptr<WorkerPool> pool, CallNumber number)
      : pool_(std::move(pool)), number_(number) {}
  void Cancel() override { pool_->CancelCall(number_); }

 private:
  const std::shared_ptr<WorkerPool> pool_;
  const CallNumber number_;
};

}  // namespace

std::shared_ptr<WorkerPool> WorkerPool::Create(const PoolOptions& options,
                                               Parts parts) {
  return std::shared_ptr<WorkerPool>(new WorkerPool(options, std::move(parts)));
}

WorkerPool::WorkerPool(const PoolOptions& options, Parts parts)
    : parts_(std::move(parts)),
      state_(
          options, [this] { return parts_.epochs->Next(); },
          // Called only from events, so under the lock.
          [this](Epoch epoch, CallId id)
              ABSL_NO_THREAD_SAFETY_ANALYSIS { return Progress(epoch, id); }) {}

CallProgress WorkerPool::Progress(Epoch epoch, CallId id) const {
  const auto slot = FindSlot(epoch);
  if (slot == nullptr || slot->worker() == nullptr) {
    return CallProgress::kNotStarted;
  }
  return slot->worker()->Progress(id);
}

uint64_t WorkerPool::HandlesHeldBy(Epoch epoch) const {
  const auto slot = FindSlot(epoch);
  return slot == nullptr || slot->worker() == nullptr
             ? 0
             : slot->worker()->HandlesHeld();
}

std::shared_ptr<WorkerSlot> WorkerPool::FindSlot(Epoch epoch) const {
  const auto found = slots_.find(epoch);
  return found == slots_.end() ? nullptr : found->second;
}

std::shared_ptr<LeasedSession> WorkerPool::FindSession(
    SessionNumber number) const {
  const auto found = sessions_.find(number);
  return found == sessions_.end() ? nullptr : found->second;
}

std::shared_ptr<LeasedSession> WorkerPool::AddSession(SessionNumber number,
                                                      SessionSpec spec) {
  auto session = std::make_shared<LeasedSession>(
      shared_from_this(), number, NewSessionName(), std::move(spec));
  parts_.directory->Add(session);
  sessions_.emplace(number, session);
  return session;
}

absl::StatusOr<std::shared_ptr<Session>> WorkerPool::OpenSession(
    SessionSpec spec) {
  SessionTerms terms;
  terms.identity = spec.identity;
  terms.may_reuse = spec.may_reuse_worker;
  terms.attached = spec.attached;
  terms.start_timeout = spec.start_timeout;
  const Turn turn(this);
  const absl::StatusOr<SessionNumber> number =
      state_.OpenSession(parts_.clock->Now(), terms);
  if (!number.ok()) return number.status();
  return AddSession(*number, std::move(spec));
}

void WorkerPool::CloseSession(SessionNumber session) {
  const Turn turn(this);
  state_.CloseSession(parts_.clock->Now(), session);
}

void WorkerPool::CloseSessionAfter(SessionNumber session,
                                   absl::Duration grace) {
  const Turn turn(this);
  state_.CloseSessionAfter(parts_.clock->Now(), session, grace);
}

std::shared_ptr<CallHandle> WorkerPool::Submit(SessionNumber session,
                                               absl::string_view session_name,
                                               CallSpec spec, CallDone done) {
  CallNumber number = 0;
  {
    const Turn turn(this);
    number = state_.Submit(parts_.clock->Now(), session, session_name,
                           std::move(spec), std::move(done));
  }
  return std::make_shared<PooledCall>(shared_from_this(), number);
}

std::shared_ptr<CallHandle> WorkerPool::Call(const Identity& identity,
                                             CallSpec spec, CallDone done) {
  CallNumber number = 0;
  {
    const Turn turn(this);
    number = state_.SubmitWithoutSession(parts_.clock->Now(), identity,
                                         std::move(spec), std::move(done));
  }
  return std::make_shared<PooledCall>(shared_from_this(), number);
}

void WorkerPool::CancelCall(CallNumber call) {
  const Turn turn(this);
  state_.CancelCall(parts_.clock->Now(), call);
}

void WorkerPool::CancelByClient(SessionNumber session, uint32_t carrier,
                                uint64_t client_call_id) {
  const Turn turn(this);
  state_.CancelByClient(parts_.clock->Now(), session, carrier, client_call_id);
}

void WorkerPool::Undelivered(SessionNumber session, Epoch epoch,
                             uint64_t first_handle, uint32_t handle_count) {
  const Turn turn(this);
  state_.Undelivered(parts_.clock->Now(), session, epoch, first_handle,
                     handle_count);
}

void WorkerPool::OnStarted(Epoch epoch,
                           absl::StatusOr<std::unique_ptr<Worker>> worker) {
  // A worker that nobody waits for any more is destroyed after the lock is
  // released.
  std::unique_ptr<Worker> unwanted;
  const Turn turn(this);
  const auto slot = FindSlot(epoch);
  if (!worker.ok()) {
    state_.WorkerStartFailed(parts_.clock->Now(), epoch, worker.status());
  } else if (slot == nullptr) {
    unwanted = *std::move(worker);
  } else {
    WorkerInfo info = (*worker)->info();
    slot->SetWorker(*std::move(worker));
    state_.WorkerStarted(parts_.clock->Now(), epoch, std::move(info));
  }
}

void WorkerPool::OnReply(Epoch epoch, WorkerReply reply) {
  const Turn turn(this);
  state_.Reply(parts_.clock->Now(), epoch, std::move(reply));
}

void WorkerPool::OnExit(Epoch epoch, const WorkerExit& exit) {
  const Turn turn(this);
  state_.Exit(parts_.clock->Now(), epoch, exit);
}

void WorkerPool::OnTimer() {
  const Turn turn(this);
  state_.TimerFired(parts_.clock->Now());
}

void WorkerPool::Shutdown(std::function<void()> done) {
  {
    const Turn turn(this);
    state_.Shutdown(parts_.clock->Now());
    if (!empty_) {
      when_empty_.push_back(std::move(done));
      return;
    }
  }
  done();
}

void WorkerPool::Abandon() {
  std::vector<std::shared_ptr<WorkerSlot>> slots;
  std::vector<std::shared_ptr<LeasedSession>> sessions;
  {
    const Turn turn(this);
    state_.Abandon(parts_.clock->Now());
    for (auto& [epoch, slot] : slots_) slots.push_back(std::move(slot));
    for (const auto& [number, session] : sessions_) {
      sessions.push_back(session);
    }
  }
  for (const auto& session : sessions) {
    parts_.directory->Remove(session->name());
  }
  {
    const absl::MutexLock lock(&mu_);
    slots_.clear();
    sessions_.clear();
  }
  for (auto& slot : slots) {
    if (slot->worker() != nullptr) slot->worker()->Kill();
    parts_.timers->RunAt(parts_.clock->Now(), [slot = std::move(slot)] {});
  }
}

void WorkerPool::AppendWorkers(std::vector<WorkerSnapshot>* out) const {
  const absl::MutexLock lock(&mu_);
  for (auto& [worker, number] : state_.Snapshot(parts_.clock->Now())) {
    worker.environment = parts_.environment->name;
    worker.isolation = parts_.isolation;
    if (const auto session = FindSession(number)) {
      worker.session = session->name();
    }
    worker.handles = HandlesHeldBy(worker.info.epoch);
    out->push_back(std::move(worker));
  }
}

void WorkerPool::AppendSessions(std::vector<SessionSnapshot>* out) const {
  const absl::MutexLock lock(&mu_);
  for (auto& [session, number] : state_.SnapshotSessions()) {
    session.environment = parts_.environment->name;
    session.isolation = parts_.isolation;
    if (const auto leased = FindSession(number)) {
      session.name = leased->name();
      session.labels = leased->spec().labels;
    }
    session.handles = HandlesHeldBy(session.epoch);
    out->push_back(std::move(session));
  }
}

void WorkerPool::AddCallCounts(std::map<CallKind, uint64_t>* out) const {
  const absl::MutexLock lock(&mu_);
  for (const auto& [kind, count] : state_.call_counts()) (*out)[kind] += count;
}

}  // namespace envknit
