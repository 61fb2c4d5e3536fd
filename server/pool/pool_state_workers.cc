// A worker's life, from its start to its end.
#include <algorithm>
#include <utility>

#include "server/pool/pool_errors.h"
#include "server/pool/pool_state.h"
#include "server/pool/pool_state_event.h"
#include "server/pool/wire_bytes.h"

namespace envknit {

using Phase = SlotRecord::Phase;
using Purpose = CallRecord::Purpose;

void PoolState::WorkerStarted(absl::Time now, Epoch epoch, WorkerInfo info) {
  const Event event(this, now);
  SlotRecord* slot = FindSlot(epoch);
  if (slot == nullptr || slot->phase != Phase::kStarting) return;
  slot->info = std::move(info);
  slot->info.epoch = epoch;
  slot->phase = Phase::kServing;
  if (shutting_down_) {
    EndSlot(slot, /*kill=*/false);
  } else if (slot->session != nullptr) {
    BeginService(slot);
  } else if (slot->starting_for != nullptr) {
    LeaseTo(slot, slot->starting_for);
  } else {
    MakeIdle(slot);
  }
}

// The session, or the call, that the worker was meant for fails with the
// reason. A session that had a worker before tries again with its next call.
void PoolState::WorkerStartFailed(absl::Time now, Epoch epoch,
                                  const absl::Status& status) {
  const Event event(this, now);
  SlotRecord* slot = FindSlot(epoch);
  if (slot == nullptr || slot->phase != Phase::kStarting) return;
  Log(LogLevel::kWarning, "worker did not start",
      {{"epoch", epoch}, {"error", status}});
  SessionRecord* session = slot->session;
  CallRecord* call = slot->starting_for;
  EraseSlot(slot);
  if (session != nullptr) {
    session->worker = nullptr;
    if (session->ready) {
      FailQueued(session, kAllCalls, [&](const CallSpec&) { return status; });
    } else {
      FailSession(session, status);
      ArmSession(session);
    }
  } else if (call != nullptr) {
    call->starting = 0;
    Cancel(call, status);
  }
  ServeWaiters();
}

// A session's new worker imports first what its last one had imported.
void PoolState::BeginService(SlotRecord* slot) {
  SessionRecord* session = slot->session;
  if (session->imports.empty()) return ServeSession(slot);
  slot->phase = Phase::kReplaying;
  slot->next_replay = 0;
  slot->replay_deadline = now_ + session->start_timeout;
  for (CallRecord* call : session->queue) StopClock(call);
  ContinueReplay(slot);
}

void PoolState::ContinueReplay(SlotRecord* slot) {
  const auto& imports = slot->session->imports;
  while (slot->next_replay < imports.size() && slot->channel.size() < kWindow) {
    const SessionRecord::Import& import = imports[slot->next_replay++];
    CallRecord* call =
        AddInternalCall(slot, Purpose::kReplay, CallKind::kImport, import.body);
    call->spec.target = import.target;
    call->deadline = slot->replay_deadline;
    Send(slot, call);
  }
  if (slot->channel.empty()) ServeSession(slot);
}

void PoolState::AbortReplay(SlotRecord* slot, absl::string_view why) {
  FailQueued(slot->session, kAllCalls,
             [&](const CallSpec& call) { return CallNotStarted(call, why); });
  EndSlot(slot, /*kill=*/true);
}

void PoolState::ServeSession(SlotRecord* slot) {
  SessionRecord* session = slot->session;
  slot->phase = Phase::kServing;
  for (CallRecord* call : session->queue) ResumeClock(call);
  if (!session->ready) {
    session->ready = true;
    session->known_epoch = slot->epoch;
    session->last_active = now_;
    Act(SessionReady{session->number, slot->info});
  }
  Pump(slot);
}

// The worker has answered a call, or was given back: what now?
void PoolState::AfterCall(SlotRecord* slot) {
  if (slot->phase == Phase::kEnding) return;
  if (slot->phase == Phase::kReplaying) return ContinueReplay(slot);
  if (slot->session != nullptr) return Pump(slot);
  if (!slot->channel.empty()) return;
  if (slot->ends_when_free) return EndSlot(slot, /*kill=*/false);
  if (slot->owes_end_lease) {
    slot->owes_end_lease = false;
    return Send(slot, AddInternalCall(slot, Purpose::kEndLease,
                                      CallKind::kEndSession, ""));
  }
  // A start that nobody waits for any more is over with WorkerStarted.
  MakeIdle(slot);
}

void PoolState::EndSlot(SlotRecord* slot, bool kill) {
  const bool replaying = slot->phase == Phase::kReplaying;
  slot->phase = Phase::kEnding;
  ++ending_;
  RemoveIdle(slot);
  slot_alarms_.Clear(slot);
  if (kill) {
    Act(KillWorker{slot->epoch});
  } else {
    Act(StopWorker{slot->epoch});
  }
  Detach(slot, replaying ? "its worker could not import the session's modules"
                         : "its worker was replaced");
}

// The session goes on without this worker. Its calls that wait fail, except
// those accepted after the client knew of the call that is being stopped.
void PoolState::Detach(SlotRecord* slot, absl::string_view why) {
  SessionRecord* session = slot->session;
  slot->session = nullptr;
  if (session == nullptr) return;
  session->worker = nullptr;
  const CallNumber last =
      slot->ladder == SlotRecord::Ladder::kNone ? kAllCalls : slot->ladder_mark;
  FailQueued(session, last,
             [&](const CallSpec& call) { return CallNotStarted(call, why); });
  // A worker that did nothing for the session may end again and again.
  if (shutting_down_ || (!slot->used && session->queue.empty())) return;
  absl::Status status = RequestWorker(session, absl::InfiniteFuture());
  if (status.ok()) return;
  FailQueued(session, kAllCalls, [&](const CallSpec&) { return status; });
}

void PoolState::Exit(absl::Time now, Epoch epoch, const WorkerExit& exit) {
  const Event event(this, now);
  SlotRecord* slot = FindSlot(epoch);
  if (slot == nullptr) return;
  const bool expected = slot->phase == Phase::kEnding && slot->channel.empty();
  Log(expected ? LogLevel::kDebug : LogLevel::kWarning, "worker ended",
      {{"epoch", epoch},
       {"pid", slot->info.pid},
       {"exit_code", exit.exit_code.value_or(-1)},
       {"signal", exit.signal.value_or(0)},
       {"calls", slot->calls}});
  FailInChannel(slot, exit);
  if (slot->phase != Phase::kEnding) {
    // Ending until it is erased below: then its session is the first to get
    // the place.
    slot->phase = Phase::kEnding;
    ++ending_;
    RemoveIdle(slot);
    Detach(slot, "its worker died");
  }
  EraseSlot(slot);
  ServeWaiters();
}

// The calls that the dead worker had: they ran, or at least started, or not.
void PoolState::FailInChannel(SlotRecord* slot, const WorkerExit& exit) {
  bool front = true;
  for (CallRecord* call : slot->channel) {
    if (front && call->cancelled && call->purpose != Purpose::kReplay) {
      Notice(slot, *call, LadderNotice::Action::kKilled, exit.stack);
    }
    front = false;
    if (!call->answered) {
      if (call->spec.kind == CallKind::kRelease) {
        Complete(call, CallResult{});
      } else if (progress_(slot->epoch, call->id) ==
                 CallProgress::kNotStarted) {
        Fail(call, CallNotStarted(call->spec, "its worker died before"));
      } else {
        Fail(call, WorkerCrashed(call->spec, slot->info, exit));
      }
    }
    EraseCall(call);
  }
  slot->channel.clear();
}

void PoolState::EraseSlot(SlotRecord* slot) {
  if (slot->phase == Phase::kEnding) --ending_;
  slot_alarms_.Clear(slot);
  const Epoch epoch = slot->epoch;
  slots_.erase(epoch);
  Act(DisposeWorker{epoch});
  ReportIfEmpty();
}

}  // namespace envknit
