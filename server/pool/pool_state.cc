// The frame of PoolState: time, alarms, shutdown.
#include "server/pool/pool_state.h"

#include <algorithm>
#include <utility>

#include "server/pool/pool_errors.h"
#include "server/pool/pool_state_event.h"

namespace envknit {

PoolState::PoolState(const PoolOptions& options, NextEpoch next_epoch,
                     ProgressProbe progress)
    : options_(options),
      next_epoch_(std::move(next_epoch)),
      progress_(std::move(progress)) {}

void PoolState::Log(LogLevel level, absl::string_view message,
                    std::vector<LogField> fields) {
  Act(LogLine{level, std::string(message), std::move(fields)});
}

void PoolState::TakeActions(std::vector<Action>* out) {
  if (out->empty()) {
    out->swap(actions_);
    return;
  }
  std::move(actions_.begin(), actions_.end(), std::back_inserter(*out));
  actions_.clear();
}

SlotRecord* PoolState::FindSlot(Epoch epoch) {
  const auto found = slots_.find(epoch);
  return found == slots_.end() ? nullptr : found->second.get();
}

SessionRecord* PoolState::FindSession(SessionNumber number) {
  const auto found = sessions_.find(number);
  return found == sessions_.end() ? nullptr : found->second.get();
}

// One timer for all alarms. It is moved only forward, so that a call that ends
// long before its deadline costs no timer; firing for nothing is harmless.
void PoolState::ArmTimer() {
  const absl::Time earliest =
      std::min({call_alarms_.Earliest(), slot_alarms_.Earliest(),
                session_alarms_.Earliest()});
  if (earliest >= armed_) return;
  armed_ = earliest;
  Act(SetTimer{earliest});
}

void PoolState::TimerFired(absl::Time now) {
  const Event event(this, now);
  armed_ = absl::InfiniteFuture();
  while (CallRecord* call = call_alarms_.PopDue(now)) Expire(call);
  while (SlotRecord* slot = slot_alarms_.PopDue(now)) SlotAlarm(slot);
  while (SessionRecord* session = session_alarms_.PopDue(now)) {
    SessionAlarm(session);
  }
}

void PoolState::SlotAlarm(SlotRecord* slot) {
  if (slot->phase == SlotRecord::Phase::kEnding) return;
  if (slot->ladder != SlotRecord::Ladder::kNone) return ClimbLadder(slot);
  if (slot->lease == 0) EndSlot(slot, /*kill=*/false);
}

absl::optional<absl::Time> PoolState::ExpiryOf(
    const SessionRecord& session) const {
  if (session.ends) return session.ends;
  const bool settled = session.ready || !session.failure.ok();
  if (session.attached || session.in_flight > 0 || !settled) {
    return absl::nullopt;
  }
  return session.last_active + options_.session_ttl;
}

// Alarms of sessions aren't moved by each call: they look when they fire.
void PoolState::ArmSession(SessionRecord* session) {
  absl::Time when = absl::InfiniteFuture();
  if (session->waiting && !session->ready) when = session->wait_deadline;
  if (const absl::optional<absl::Time> expiry = ExpiryOf(*session)) {
    when = std::min(when, *expiry);
  } else if (!session->attached) {
    when = std::min(when, now_ + options_.session_ttl);
  }
  session_alarms_.Set(session, when);
}

void PoolState::SessionAlarm(SessionRecord* session) {
  if (session->waiting && !session->ready && session->wait_deadline <= now_) {
    FailSession(session, NoWorkerFree(options_.max_workers));
  } else if (ExpiryOf(*session).value_or(absl::InfiniteFuture()) <= now_) {
    return EndSession(session, CallCancelled);
  }
  ArmSession(session);
}

void PoolState::Shutdown(absl::Time now) {
  const Event event(this, now);
  if (shutting_down_) return;
  shutting_down_ = true;

  std::vector<SessionNumber> sessions;
  for (const auto& [number, session] : sessions_) sessions.push_back(number);
  std::sort(sessions.begin(), sessions.end());
  for (SessionNumber number : sessions) {
    EndSession(FindSession(number), [](const CallSpec&) { return Draining(); });
  }
  while (!waiters_.empty()) Cancel(waiters_.front().call, Draining());

  std::vector<Epoch> epochs;
  for (const auto& [epoch, slot] : slots_) epochs.push_back(epoch);
  std::sort(epochs.begin(), epochs.end());
  for (Epoch epoch : epochs) {
    SlotRecord* slot = FindSlot(epoch);
    slot->ends_when_free = true;
    for (CallRecord* call : slot->channel) {
      if (!call->answered) Cancel(call, CallCancelled(call->spec));
    }
    if (slot->phase != SlotRecord::Phase::kStarting) AfterCall(slot);
  }
  ReportIfEmpty();
}

void PoolState::Abandon(absl::Time now) {
  const Event event(this, now);
  shutting_down_ = true;
  std::vector<CallRecord*> calls;
  for (const auto& [number, call] : calls_) calls.push_back(call.get());
  std::sort(calls.begin(), calls.end(),
            [](CallRecord* a, CallRecord* b) { return a->number < b->number; });
  for (CallRecord* call : calls) {
    if (!call->answered) Fail(call, Draining());
  }
  for (const auto& [number, session] : sessions_) {
    if (!session->ready && session->failure.ok()) {
      Act(SessionFailed{number, Draining()});
    }
  }
  call_alarms_ = {};
  slot_alarms_ = {};
  session_alarms_ = {};
  idle_.clear();
  waiters_.clear();
  slots_.clear();
  sessions_.clear();
  calls_.clear();
}

void PoolState::ReportIfEmpty() {
  if (shutting_down_ && slots_.empty()) Act(PoolEmpty{});
}

}  // namespace envknit
