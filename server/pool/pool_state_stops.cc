// Deadlines, cancels, and the ladder that stops a call.
#include <algorithm>
#include <string>
#include <utility>

#include "server/pool/pool_errors.h"
#include "server/pool/pool_state.h"
#include "server/pool/pool_state_event.h"

namespace envknit {
namespace {

absl::string_view ActionName(LadderNotice::Action action) {
  switch (action) {
    case LadderNotice::Action::kFinished:
      return "finished";
    case LadderNotice::Action::kInterrupted:
      return "interrupted";
    case LadderNotice::Action::kRetired:
      return "retired";
    case LadderNotice::Action::kKilled:
      return "killed";
  }
  return "unknown";
}

}  // namespace

using Ladder = SlotRecord::Ladder;
using Purpose = CallRecord::Purpose;

void PoolState::CancelCall(absl::Time now, CallNumber number) {
  const Event event(this, now);
  const auto found = calls_.find(number);
  if (found == calls_.end()) return;
  Cancel(found->second.get(), CallCancelled(found->second->spec));
}

void PoolState::CancelByClient(absl::Time now, SessionNumber session,
                               uint32_t carrier, uint64_t client_call_id) {
  const Event event(this, now);
  if (client_call_id == 0) return;
  for (CallRecord* call : CallsOf(session)) {
    if (!call->answered && call->spec.carrier == carrier &&
        call->spec.client_call_id == client_call_id) {
      return Cancel(call, CallCancelled(call->spec));
    }
  }
}

// The call's time is up.
void PoolState::Expire(CallRecord* call) {
  if (call->queued()) return Cancel(call, DeadlineExpiredQueued(call->spec));
  SlotRecord* slot = FindSlot(call->epoch);
  if (call->purpose == Purpose::kReplay) {
    if (slot->phase != SlotRecord::Phase::kReplaying) return;
    return AbortReplay(
        slot, "its session's modules took too long to import on a new worker");
  }
  const bool untouched =
      progress_(slot->epoch, call->id) == CallProgress::kNotStarted;
  Cancel(call, untouched ? DeadlineExpiredQueued(call->spec)
                         : DeadlineExpiredRunning(call->spec));
}

// Answers the call with `status`, and stops it if a worker has it.
void PoolState::Cancel(CallRecord* call, const absl::Status& status) {
  if (call->answered) return;
  if (call->queued()) return RemoveQueued(call, status);
  Fail(call, status);
  CancelOnItsWorker(call);
}

void PoolState::RemoveQueued(CallRecord* call, const absl::Status& status) {
  if (call->in_session) {
    auto& queue = FindSession(call->lease)->queue;
    queue.erase(std::find(queue.begin(), queue.end(), call));
    CountUnqueued(*call);
  } else {
    StopWaiting(call);
  }
  Fail(call, status);
  EraseCall(call);
}

void PoolState::CancelOnItsWorker(CallRecord* call) {
  SlotRecord* slot = FindSlot(call->epoch);
  if (call->cancelled) return;
  call->cancelled = true;
  if (slot->phase == SlotRecord::Phase::kEnding) return;
  Act(CancelOnWorker{slot->epoch, call->id});
  if (slot->channel.front() == call) BeginLadder(slot);
}

// The front call was told to stop: it has the grace period to do so.
void PoolState::BeginLadder(SlotRecord* slot) {
  if (slot->ladder != Ladder::kNone) return;
  slot->ladder = Ladder::kInterrupting;
  slot->ladder_mark = last_call_;
  slot_alarms_.Set(slot, now_ + options_.grace);
}

void PoolState::ClimbLadder(SlotRecord* slot) {
  if (slot->ladder == Ladder::kInterrupting) {
    slot->ladder = Ladder::kDumping;
    slot_alarms_.Set(slot, now_ + kDumpWait);
    Act(DumpWorkerStack{slot->epoch});
  } else {
    EndSlot(slot, /*kill=*/true);
  }
}

void PoolState::EndLadder(SlotRecord* slot) {
  if (slot->ladder == Ladder::kNone) return;
  slot->ladder = Ladder::kNone;
  slot_alarms_.Clear(slot);
  if (slot->session == nullptr) return;
  for (CallRecord* call : slot->session->queue) ResumeClock(call);
}

void PoolState::NoteReplyOfStopped(SlotRecord* slot, const CallRecord& call,
                                   const WorkerReply& reply) {
  using Action = LadderNotice::Action;
  if (reply.skipped) return;
  Action action = Action::kFinished;
  if (slot->phase == SlotRecord::Phase::kEnding) {
    // It came to an end on the very moment of its worker's.
    action = Action::kKilled;
  } else if (reply.retire) {
    action = Action::kRetired;
  } else if (reply.interrupted) {
    action = Action::kInterrupted;
  }
  Notice(slot, call, action, "");
}

void PoolState::Notice(SlotRecord* slot, const CallRecord& call,
                       LadderNotice::Action action, std::string stack) {
  const std::string name(ActionName(action));
  slot->last_ladder_action = name;
  slot->last_stack = stack;
  Log(action == LadderNotice::Action::kKilled ? LogLevel::kWarning
                                              : LogLevel::kInfo,
      "call stopped",
      {{"how", name},
       {"target", call.spec.target},
       {"epoch", slot->epoch},
       {"pid", slot->info.pid},
       {"stack", stack}});
  SessionRecord* session = call.in_session ? FindSession(call.lease) : nullptr;
  if (session == nullptr) return;
  session->last_ladder_action = name;
  session->last_stack = stack;
  if (session->notices.size() >= kMaxNotices) {
    session->notices.erase(session->notices.begin());
  }
  session->notices.push_back({action, call.spec.target, std::move(stack)});
}

}  // namespace envknit
