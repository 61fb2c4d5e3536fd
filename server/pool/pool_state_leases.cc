// Sessions, and who gets which worker.
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "server/pool/pool_errors.h"
#include "server/pool/pool_state.h"
#include "server/pool/pool_state_event.h"

namespace envknit {

using Phase = SlotRecord::Phase;

absl::StatusOr<SessionNumber> PoolState::OpenSession(
    absl::Time now, const SessionTerms& terms) {
  const Event event(this, now);
  if (shutting_down_) return Draining();
  auto owned = std::make_unique<SessionRecord>();
  SessionRecord* session = owned.get();
  session->number = ++last_session_;
  session->identity = terms.identity;
  session->may_reuse = terms.may_reuse;
  session->attached = terms.attached;
  session->start_timeout = terms.start_timeout;
  session->wait_deadline = now + terms.start_timeout;
  session->opened = session->last_call = session->last_active = now;
  sessions_.emplace(session->number, std::move(owned));

  const absl::Status status = RequestWorker(session, session->wait_deadline);
  if (!status.ok()) {
    sessions_.erase(session->number);
    return status;
  }
  ArmSession(session);
  return session->number;
}

void PoolState::CloseSession(absl::Time now, SessionNumber number) {
  const Event event(this, now);
  if (SessionRecord* session = FindSession(number)) {
    EndSession(session, CallCancelled);
  }
}

void PoolState::CloseSessionAfter(absl::Time now, SessionNumber number,
                                  absl::Duration grace) {
  const Event event(this, now);
  SessionRecord* session = FindSession(number);
  if (session == nullptr) return;
  session->ends = now + grace;
  ArmSession(session);
}

// The handles of the reply belong to the number that the call ran under.
void PoolState::OpenImplicitSession(SlotRecord* slot, const CallRecord& call) {
  auto owned = std::make_unique<SessionRecord>();
  SessionRecord* session = owned.get();
  session->number = call.lease;
  session->identity = call.identity;
  session->may_reuse = true;
  session->start_timeout = call.spec.start_timeout;
  session->worker = slot;
  session->ready = true;
  session->known_epoch = slot->epoch;
  session->implicit = true;
  // That of the call.
  session->calls = 1;
  session->opened = session->last_active = now_;
  session->last_call = call.accepted;
  slot->session = session;
  sessions_.emplace(session->number, std::move(owned));
  ArmSession(session);
  Act(ImplicitSessionOpened{session->number, session->identity,
                            session->start_timeout});
}

// A session without a worker gets an idle one, a new one, or a place in the
// line; an error if no worker comes free before `until`.
absl::Status PoolState::RequestWorker(SessionRecord* session,
                                      absl::Time until) {
  if (SlotRecord* idle = FindIdle(session->identity, session->may_reuse)) {
    LeaseTo(idle, session);
  } else if (HasCapacity()) {
    StartForSession(session);
  } else if (CanComeFree(until)) {
    WaitForWorker(session);
    ServeWaiters();
  } else {
    return NoWorkerFree(options_.max_workers);
  }
  return absl::OkStatus();
}

bool PoolState::HasCapacity() const {
  return options_.max_workers == 0 ||
         slots_.size() < static_cast<size_t>(options_.max_workers);
}

bool PoolState::CanComeFree(absl::Time until) const {
  return std::any_of(slots_.begin(), slots_.end(), [&](const auto& entry) {
    const SlotRecord& slot = *entry.second;
    if (slot.phase == Phase::kEnding || slot.session == nullptr) return true;
    const SessionRecord& session = *slot.session;
    if (session.ends) return *session.ends <= until;
    return !session.attached && session.ready && session.in_flight == 0 &&
           session.last_active + options_.session_ttl <= until;
  });
}

// The most recently used one that may serve the identity: its caches are warm.
// One that has run the identity's code is preferred where allowed, so that
// fresh ones are left for those that need them.
SlotRecord* PoolState::FindIdle(const Identity& identity,
                                bool may_reuse) const {
  SlotRecord* fresh = nullptr;
  SlotRecord* used = nullptr;
  for (SlotRecord* slot : idle_) {
    if (!slot->identity) {
      fresh = slot;
    } else if (may_reuse && *slot->identity == identity) {
      used = slot;
    }
  }
  return used != nullptr ? used : fresh;
}

void PoolState::RemoveIdle(SlotRecord* slot) {
  const auto found = std::find(idle_.begin(), idle_.end(), slot);
  if (found != idle_.end()) idle_.erase(found);
}

SlotRecord* PoolState::AddSlot(absl::Duration start_timeout) {
  auto owned = std::make_unique<SlotRecord>();
  SlotRecord* slot = owned.get();
  slot->epoch = next_epoch_();
  slots_.emplace(slot->epoch, std::move(owned));
  Act(StartWorker{slot->epoch, now_ + start_timeout});
  return slot;
}

void PoolState::StartForSession(SessionRecord* session) {
  StopWaiting(session);
  SlotRecord* slot = AddSlot(session->start_timeout);
  slot->lease = session->number;
  slot->session = session;
  slot->identity = session->identity;
  session->worker = slot;
  for (CallRecord* call : session->queue) StopClock(call);
}

void PoolState::StartForCall(CallRecord* call) {
  SlotRecord* slot = AddSlot(call->spec.start_timeout);
  slot->starting_for = call;
  call->starting = slot->epoch;
  StopClock(call);
}

// A session that lost its worker comes before those that never had one.
void PoolState::WaitForWorker(SessionRecord* session) {
  const auto place = session->ready ? waiters_.begin() : waiters_.end();
  session->waiting = waiters_.insert(place, Waiter{session, nullptr});
}

void PoolState::WaitForWorker(CallRecord* call) {
  call->waiting = waiters_.insert(waiters_.end(), Waiter{nullptr, call});
  CountQueued(*call);
}

void PoolState::StopWaiting(SessionRecord* session) {
  if (session->waiting) waiters_.erase(*session->waiting);
  session->waiting.reset();
}

void PoolState::StopWaiting(CallRecord* call) {
  if (call->waiting) {
    waiters_.erase(*call->waiting);
    call->waiting.reset();
    CountUnqueued(*call);
  }
  if (SlotRecord* starting = FindSlot(call->starting)) {
    starting->starting_for = nullptr;
  }
  call->starting = 0;
}

// True if the waiter was given a worker, or one is starting for it.
bool PoolState::Serve(const Waiter& waiter) {
  if (waiter.session != nullptr) {
    SessionRecord* session = waiter.session;
    if (SlotRecord* idle = FindIdle(session->identity, session->may_reuse)) {
      LeaseTo(idle, session);
    } else if (HasCapacity()) {
      StartForSession(session);
    } else {
      return false;
    }
    return true;
  }
  if (SlotRecord* idle = FindIdle(waiter.call->identity, /*may_reuse=*/true)) {
    LeaseTo(idle, waiter.call);
  } else if (waiter.call->starting != 0) {
    return true;
  } else if (HasCapacity()) {
    StartForCall(waiter.call);
  } else {
    return false;
  }
  return true;
}

// For every waiter that neither an idle nor a new worker can serve, one worker
// has to end: an idle one of someone else is stopped for it.
void PoolState::ServeWaiters() {
  if (shutting_down_) return;
  size_t unserved = 0;
  for (auto place = waiters_.begin(); place != waiters_.end();) {
    if (idle_.empty() && !HasCapacity()) return;
    const Waiter waiter = *place++;
    if (Serve(waiter)) continue;
    ++unserved;
    if (ending_ < unserved && !idle_.empty()) {
      EndSlot(idle_.front(), /*kill=*/false);
    }
  }
}

void PoolState::LeaseTo(SlotRecord* slot, SessionRecord* session) {
  RemoveIdle(slot);
  slot_alarms_.Clear(slot);
  StopWaiting(session);
  slot->lease = session->number;
  slot->session = session;
  slot->identity = session->identity;
  session->worker = slot;
  BeginService(slot);
}

void PoolState::LeaseTo(SlotRecord* slot, CallRecord* call) {
  RemoveIdle(slot);
  slot_alarms_.Clear(slot);
  StopWaiting(call);
  slot->lease = call->lease = ++last_session_;
  slot->identity = call->identity;
  ResumeClock(call);
  Send(slot, call);
}

void PoolState::MakeIdle(SlotRecord* slot) {
  slot->lease = 0;
  slot->session = nullptr;
  slot->used = false;
  slot_alarms_.Set(slot, now_ + options_.idle_timeout);
  idle_.push_back(slot);
  ServeWaiters();
}

// Its first worker can't be had.
void PoolState::FailSession(SessionRecord* session,
                            const absl::Status& status) {
  StopWaiting(session);
  session->failure = status;
  FailQueued(session, kAllCalls, [&](const CallSpec&) { return status; });
  Act(SessionFailed{session->number, status});
}

void PoolState::EndSession(SessionRecord* session,
                           const StatusOfCall& queued_status) {
  StopWaiting(session);
  for (CallRecord* call : CallsOf(session->number)) {
    const bool drops_handles = call->purpose != CallRecord::Purpose::kClient;
    if (call->answered || (drops_handles && !call->queued())) continue;
    Cancel(call, call->queued() ? queued_status(call->spec)
                                : CallCancelled(call->spec));
  }
  if (!session->ready && session->failure.ok()) {
    Act(SessionFailed{session->number,
                      shutting_down_ ? Draining() : SessionClosed()});
  }
  const SessionNumber number = session->number;
  SlotRecord* slot = session->worker;
  const bool may_reuse = session->may_reuse && !shutting_down_;
  session_alarms_.Clear(session);
  sessions_.erase(number);
  Act(SessionEnded{number});
  if (slot != nullptr) GiveBack(slot, may_reuse);
}

// What becomes of an ended session's worker: a fresh one is as good as new;
// one whose session allowed reuse serves the same identity again, after the
// handles are dropped; all others end.
void PoolState::GiveBack(SlotRecord* slot, bool may_reuse) {
  slot->session = nullptr;
  const bool fresh = slot->calls == 0 && slot->channel.empty();
  if (slot->phase == Phase::kReplaying) {
    return EndSlot(slot, /*kill=*/true);
  }
  if (fresh) {
    slot->lease = 0;
    slot->identity.reset();
    if (slot->phase == Phase::kStarting) return;
  } else if (may_reuse) {
    slot->owes_end_lease = true;
  } else {
    slot->ends_when_free = true;
  }
  AfterCall(slot);
}

}  // namespace envknit
