// From the outbox to workers, callers, timers and the log.
#include <utility>
#include <variant>

#include "server/pool/worker_pool.h"
#include "server/pool/worker_pool_turn.h"

namespace envknit {

std::vector<WorkerPool::Item> WorkerPool::TakeBatch() {
  state_.TakeActions(&decided_);
  for (Action& action : decided_) {
    outbox_.push_back({std::move(action), nullptr, nullptr});
    Prepare(&outbox_.back());
  }
  decided_.clear();

  std::vector<Item> batch;
  if (draining_ || outbox_.empty()) return batch;
  draining_ = true;
  batch.swap(outbox_);
  outbox_.swap(spare_items_);
  return batch;
}

// Finds what the action is about, and keeps the tables of slots and sessions
// in step with the decisions.
void WorkerPool::Prepare(Item* item) {
  const auto epoch = std::visit(
      [](const auto& action) -> Epoch {
        if constexpr (requires { action.epoch; }) return action.epoch;
        return 0;
      },
      item->action);
  if (std::holds_alternative<StartWorker>(item->action)) {
    slots_.emplace(epoch,
                   std::make_shared<WorkerSlot>(weak_from_this(), epoch));
  }
  if (epoch != 0) item->slot = FindSlot(epoch);
  if (std::holds_alternative<DisposeWorker>(item->action)) slots_.erase(epoch);

  if (const auto* opened = std::get_if<ImplicitSessionOpened>(&item->action)) {
    SessionSpec spec;
    spec.environment = parts_.environment;
    spec.isolation = parts_.isolation;
    spec.identity = opened->identity;
    spec.may_reuse_worker = true;
    spec.start_timeout = opened->start_timeout;
    AddSession(opened->session, std::move(spec));
  } else if (const auto* ready = std::get_if<SessionReady>(&item->action)) {
    item->session = FindSession(ready->session);
  } else if (const auto* failed = std::get_if<SessionFailed>(&item->action)) {
    item->session = FindSession(failed->session);
  } else if (const auto* ended = std::get_if<SessionEnded>(&item->action)) {
    item->session = FindSession(ended->session);
    sessions_.erase(ended->session);
  } else if (const auto* done = std::get_if<CompleteCall>(&item->action)) {
    if (done->implicit_session != 0) {
      item->session = FindSession(done->implicit_session);
    }
  } else if (std::holds_alternative<PoolEmpty>(item->action)) {
    empty_ = true;
  }
}

// What each action does. No lock is held.
class WorkerPool::Doer final {
 public:
  Doer(WorkerPool* pool, Item* item)
      : pool_(*pool), parts_(pool->parts_), item_(*item) {}

  void operator()(const StartWorker& start) {
    WorkerSpec spec;
    spec.environment = parts_.environment;
    spec.epoch = start.epoch;
    spec.start_deadline = start.deadline;
    item_.slot->Start(parts_.factory, std::move(spec));
  }
  void operator()(SendCall& send) {
    if (Worker* worker = TheWorker()) worker->Submit(std::move(send.call));
  }
  void operator()(const CancelOnWorker& cancel) {
    if (Worker* worker = TheWorker()) worker->Cancel(cancel.call);
  }
  void operator()(const DumpWorkerStack&) {
    if (Worker* worker = TheWorker()) worker->DumpStack();
  }
  void operator()(const KillWorker& kill) {
    parts_.epochs->End(kill.epoch);
    if (Worker* worker = TheWorker()) worker->Kill();
  }
  void operator()(const StopWorker& stop) {
    parts_.epochs->End(stop.epoch);
    if (Worker* worker = TheWorker()) worker->Stop();
  }
  // This may run inside the worker's own OnExit, so the worker is destroyed a
  // moment later.
  void operator()(const DisposeWorker& dispose) {
    parts_.epochs->End(dispose.epoch);
    if (item_.slot == nullptr) return;
    parts_.timers->RunAt(parts_.clock->Now(),
                         [slot = std::move(item_.slot)] {});
  }
  void operator()(CompleteCall& complete) {
    if (item_.session != nullptr) {
      complete.result.implicit_session = item_.session->name();
    }
    complete.done(std::move(complete.result));
  }
  void operator()(const SessionReady& ready) {
    if (item_.session) item_.session->Resolve(ready.worker);
  }
  void operator()(const SessionFailed& failed) {
    if (item_.session) item_.session->Resolve(failed.status);
  }
  // Its name is in the directory since the decision.
  void operator()(const ImplicitSessionOpened&) {}
  void operator()(const SessionEnded&) {
    if (item_.session) parts_.directory->Remove(item_.session->name());
  }
  void operator()(const SetTimer& timer) {
    if (pool_.timer_ != 0) parts_.timers->Cancel(pool_.timer_);
    pool_.timer_ =
        parts_.timers->RunAt(timer.when, [weak = pool_.weak_from_this()] {
          if (const auto pool = weak.lock()) pool->OnTimer();
        });
  }
  void operator()(const LogLine& line) {
    if (!parts_.logger->Enabled(line.level)) return;
    parts_.logger->Write(line.level, line.message, line.fields);
  }
  void operator()(const PoolEmpty&) {
    std::vector<std::function<void()>> callbacks;
    {
      const absl::MutexLock lock(&pool_.mu_);
      callbacks.swap(pool_.when_empty_);
    }
    for (const auto& callback : callbacks) callback();
  }

 private:
  Worker* TheWorker() const {
    return item_.slot == nullptr ? nullptr : item_.slot->worker();
  }

  WorkerPool& pool_;
  const Parts& parts_;
  Item& item_;
};

void WorkerPool::Run(std::vector<Item> batch) {
  // An action may let go of the last one who holds the pool.
  const auto self = shared_from_this();
  for (;;) {
    for (Item& item : batch) std::visit(Doer(this, &item), item.action);
    batch.clear();
    const absl::MutexLock lock(&mu_);
    if (outbox_.empty()) {
      draining_ = false;
      spare_items_.swap(batch);
      return;
    }
    batch.swap(outbox_);
  }
}

}  // namespace envknit
