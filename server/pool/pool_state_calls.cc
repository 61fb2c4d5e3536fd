// Calls on their way to a worker: accepted or refused, queued, sent.
#include <algorithm>
#include <memory>
#include <utility>

#include "server/pool/pool_errors.h"
#include "server/pool/pool_state.h"
#include "server/pool/pool_state_event.h"
#include "server/pool/wire_bytes.h"

namespace envknit {

using Phase = SlotRecord::Phase;
using Purpose = CallRecord::Purpose;

CallNumber PoolState::Submit(absl::Time now, SessionNumber number,
                             absl::string_view session_name, CallSpec spec,
                             CallDone done) {
  const Event event(this, now);
  SessionRecord* session = FindSession(number);
  absl::Status refusal = session == nullptr ? SessionNotFound(session_name)
                                            : Refusal(*session, spec);
  // Nobody starts a worker to drop what its predecessor held.
  const bool gone_already = spec.kind == CallKind::kRelease &&
                            session != nullptr && session->worker == nullptr &&
                            !session->waiting;
  if (refusal.ok() && session->worker == nullptr && !session->waiting &&
      !gone_already) {
    refusal = RequestWorker(session, spec.deadline);
  }
  if (!refusal.ok()) {
    Refuse(spec, std::move(done), std::move(refusal));
    return 0;
  }

  CallRecord* call = AddCall(std::move(spec), std::move(done));
  call->lease = number;
  call->in_session = true;
  ++session->in_flight;
  session->last_call = session->last_active = now;
  if (gone_already) {
    Complete(call, CallResult{});
    EraseCall(call);
    return 0;
  }
  if (CanSend(*session)) {
    Send(session->worker, call);
  } else {
    Enqueue(session, call);
  }
  return call->number;
}

CallNumber PoolState::SubmitWithoutSession(absl::Time now,
                                           const Identity& identity,
                                           CallSpec spec, CallDone done) {
  const Event event(this, now);
  SlotRecord* idle = FindIdle(identity, /*may_reuse=*/true);
  absl::Status refusal;
  if (shutting_down_) {
    refusal = Draining();
  } else if (idle == nullptr) {
    refusal = QueueRefusal(spec);
    if (refusal.ok() && !HasCapacity() && !CanComeFree(spec.deadline)) {
      refusal = NoWorkerFree(options_.max_workers);
    }
  }
  if (!refusal.ok()) {
    Refuse(spec, std::move(done), std::move(refusal));
    return 0;
  }

  CallRecord* call = AddCall(std::move(spec), std::move(done));
  call->identity = identity;
  if (idle != nullptr) {
    LeaseTo(idle, call);
    return call->number;
  }
  call_alarms_.Set(call, call->deadline);
  WaitForWorker(call);
  ServeWaiters();
  return call->number;
}

void PoolState::Undelivered(absl::Time now, SessionNumber number, Epoch epoch,
                            uint64_t first_handle, uint32_t handle_count) {
  const Event event(this, now);
  SessionRecord* session = FindSession(number);
  if (session == nullptr || handle_count == 0) return;
  SlotRecord* slot = session->worker;
  if (slot == nullptr || slot->epoch != epoch) return;
  Enqueue(session,
          AddInternalCall(slot, Purpose::kDropHandles, CallKind::kRelease,
                          EncodeRelease(epoch, first_handle, handle_count)));
  AfterCall(slot);
}

absl::Status PoolState::Refusal(const SessionRecord& session,
                                const CallSpec& spec) const {
  if (shutting_down_) return Draining();
  if (!session.failure.ok()) return session.failure;
  // Releases are answered to nobody: they are refused only where memory is at
  // stake.
  if (session.in_flight >= options_.calls_in_flight_per_session &&
      spec.kind != CallKind::kRelease) {
    return TooManyCallsInFlight(options_.calls_in_flight_per_session);
  }
  return CanSend(session) ? absl::OkStatus() : QueueRefusal(spec);
}

absl::Status PoolState::QueueRefusal(const CallSpec& spec) const {
  // A release makes room, so it may still come when calls may not.
  const int64_t factor = spec.kind == CallKind::kRelease ? 2 : 1;
  const auto size = static_cast<int64_t>(spec.body.size());
  if (queued_calls_ >= factor * options_.queue_calls) {
    return QueueFull("queue_calls", options_.queue_calls);
  }
  if (queued_bytes_ + size > factor * options_.queue_bytes) {
    return QueueFull("queue_bytes", options_.queue_bytes);
  }
  return absl::OkStatus();
}

void PoolState::Refuse(const CallSpec& spec, CallDone done,
                       absl::Status status) {
  ++counts_[spec.kind];
  CallResult result;
  result.status = std::move(status);
  Act(CompleteCall{0, std::move(done), std::move(result), 0});
}

CallRecord* PoolState::AddCall(CallSpec spec, CallDone done) {
  auto owned = std::make_unique<CallRecord>();
  CallRecord* call = owned.get();
  call->number = ++last_call_;
  call->deadline = spec.deadline;
  call->spec = std::move(spec);
  call->done = std::move(done);
  call->accepted = now_;
  calls_.emplace(call->number, std::move(owned));
  return call;
}

CallRecord* PoolState::AddInternalCall(SlotRecord* slot, Purpose purpose,
                                       CallKind kind, std::string body) {
  CallSpec spec;
  spec.kind = kind;
  spec.body = std::move(body);
  spec.deadline = absl::InfiniteFuture();
  if (kind != CallKind::kImport) spec.target = "the release of handles";
  CallRecord* call = AddCall(std::move(spec), nullptr);
  call->purpose = purpose;
  call->lease = slot->lease;
  call->in_session = slot->session != nullptr;
  return call;
}

void PoolState::EraseCall(CallRecord* call) {
  call_alarms_.Clear(call);
  calls_.erase(call->number);
}

std::vector<CallRecord*> PoolState::CallsOf(SessionNumber session) {
  std::vector<CallRecord*> found;
  for (const auto& [number, call] : calls_) {
    if (call->in_session && call->lease == session) found.push_back(call.get());
  }
  std::sort(found.begin(), found.end(),
            [](CallRecord* a, CallRecord* b) { return a->number < b->number; });
  return found;
}

bool PoolState::CanSend(const SessionRecord& session) const {
  const SlotRecord* slot = session.worker;
  return slot != nullptr && slot->phase == Phase::kServing &&
         slot->ladder == SlotRecord::Ladder::kNone &&
         slot->channel.size() < kWindow && session.queue.empty();
}

void PoolState::Enqueue(SessionRecord* session, CallRecord* call) {
  session->queue.push_back(call);
  CountQueued(*call);
  const SlotRecord* slot = session->worker;
  if (slot != nullptr && (slot->phase != Phase::kServing ||
                          slot->ladder != SlotRecord::Ladder::kNone)) {
    StopClock(call);
  } else if (!call->has_own_limit()) {
    call_alarms_.Set(call, call->deadline);
  }
}

void PoolState::CountQueued(const CallRecord& call) {
  ++queued_calls_;
  queued_bytes_ += static_cast<int64_t>(call.spec.body.size());
}

void PoolState::CountUnqueued(const CallRecord& call) {
  --queued_calls_;
  queued_bytes_ -= static_cast<int64_t>(call.spec.body.size());
}

void PoolState::StopClock(CallRecord* call) {
  if (!call->clock_stopped) call->clock_stopped = now_;
  call_alarms_.Clear(call);
}

void PoolState::ResumeClock(CallRecord* call) {
  if (!call->clock_stopped) return;
  call->deadline += now_ - *call->clock_stopped;
  call->clock_stopped.reset();
  if (!call->has_own_limit()) call_alarms_.Set(call, call->deadline);
}

void PoolState::Pump(SlotRecord* slot) {
  SessionRecord* session = slot->session;
  while (!session->queue.empty() && slot->channel.size() < kWindow &&
         slot->phase == Phase::kServing &&
         slot->ladder == SlotRecord::Ladder::kNone) {
    CallRecord* call = session->queue.front();
    session->queue.pop_front();
    CountUnqueued(*call);
    Send(slot, call);
  }
}

void PoolState::Send(SlotRecord* slot, CallRecord* call) {
  call->epoch = slot->epoch;
  call->id = ++last_call_id_;
  call->sent = now_;
  slot->channel.push_back(call);
  if (call->purpose == Purpose::kClient) slot->used = true;

  WorkerCall out;
  out.id = call->id;
  out.kind = call->spec.kind;
  out.session = slot->lease;
  if (call->has_own_limit()) {
    out.deadline = now_ + kDropLimit;
  } else {
    out.deadline = call->deadline;
    if (!call->alarm.is_set()) call_alarms_.Set(call, call->deadline);
  }
  // An import is remembered if it succeeds.
  if (call->spec.kind == CallKind::kImport && call->in_session) {
    out.body = call->spec.body;
  } else {
    out.body = std::move(call->spec.body);
  }
  Act(SendCall{slot->epoch, std::move(out)});
  if (slot->channel.size() == 1) FrontChanged(slot);
}

void PoolState::FrontChanged(SlotRecord* slot) {
  if (slot->channel.empty()) return;
  slot->front_since = now_;
  CallRecord* front = slot->channel.front();
  if (front->cancelled) {
    BeginLadder(slot);
  } else if (front->has_own_limit()) {
    call_alarms_.Set(front, now_ + kDropLimit);
  }
}

}  // namespace envknit
