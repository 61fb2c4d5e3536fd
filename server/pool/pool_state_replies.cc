// Calls on their way back: replies of workers, and answers to callers.
#include <algorithm>
#include <utility>

#include "server/pool/pool_errors.h"
#include "server/pool/pool_state.h"
#include "server/pool/pool_state_event.h"
#include "server/pool/wire_bytes.h"

namespace envknit {

using Phase = SlotRecord::Phase;
using Purpose = CallRecord::Purpose;

CallRecord* PoolState::TakeFromChannel(SlotRecord* slot, CallId id) {
  const auto found =
      std::find_if(slot->channel.begin(), slot->channel.end(),
                   [id](const CallRecord* call) { return call->id == id; });
  if (found == slot->channel.end()) return nullptr;
  CallRecord* call = *found;
  slot->channel.erase(found);
  return call;
}

void PoolState::Reply(absl::Time now, Epoch epoch, WorkerReply reply) {
  const Event event(this, now);
  SlotRecord* slot = FindSlot(epoch);
  if (slot == nullptr || slot->channel.empty()) {
    ++late_replies_;
    return;
  }
  const CallRecord* front = slot->channel.front();
  CallRecord* call = TakeFromChannel(slot, reply.id);
  if (call == nullptr) {
    ++late_replies_;
    return;
  }
  ++slot->calls;
  if (call->cancelled) NoteReplyOfStopped(slot, *call, reply);
  const bool clean = reply.status.ok() && !call->cancelled && !reply.skipped;
  const bool replay_failed = call->purpose == Purpose::kReplay &&
                             !(clean && IsSuccessfulImport(reply.body));
  if (call->purpose == Purpose::kEndLease && !clean)
    slot->ends_when_free = true;
  if (call->purpose == Purpose::kClient) ClientReply(slot, call, &reply);
  const bool was_front = call == front;
  EraseCall(call);

  if (slot->phase == Phase::kEnding) return;
  if (replay_failed) {
    return AbortReplay(
        slot, "its session's modules could not be imported on a new worker");
  }
  // Before the ladder ends: it knows which calls go on.
  if (reply.retire) return EndSlot(slot, /*kill=*/!slot->channel.empty());
  if (was_front) {
    EndLadder(slot);
    FrontChanged(slot);
  }
  AfterCall(slot);
}

void PoolState::ClientReply(SlotRecord* slot, CallRecord* call,
                            WorkerReply* reply) {
  if (call->answered) {
    if (!reply->skipped) ++late_replies_;
    return DropHandles(slot, *call, *reply);
  }
  if (reply->skipped) {
    return Fail(call, CallNotStarted(call->spec, "its worker skipped it"));
  }
  CallResult result;
  result.status = std::move(reply->status);
  result.body = std::move(reply->body);
  result.execution = reply->execution;
  result.first_handle = reply->first_handle;
  result.handle_count = reply->handle_count;
  result.more = reply->more;
  SessionNumber implicit_session = 0;
  SessionRecord* session = slot->session;
  // Nobody reads what stands beside the reply to a release.
  if (call->in_session && session != nullptr && result.status.ok() &&
      call->spec.kind != CallKind::kRelease) {
    if (session->known_epoch != slot->epoch) {
      session->known_epoch = result.new_epoch = slot->epoch;
    }
    result.notices = std::move(session->notices);
    session->notices.clear();
    RememberImport(session, call, result.body);
  } else if (!call->in_session && result.status.ok() &&
             reply->handle_count > 0 && !reply->retire &&
             slot->phase == Phase::kServing && !slot->ends_when_free) {
    OpenImplicitSession(slot, *call);
    implicit_session = call->lease;
  }
  Complete(call, std::move(result), implicit_session);
}

// Handles of a reply that nobody gets.
void PoolState::DropHandles(SlotRecord* slot, const CallRecord& call,
                            const WorkerReply& reply) {
  if (reply.handle_count == 0 || slot->phase == Phase::kEnding) return;
  if (slot->session == nullptr) {
    slot->owes_end_lease = true;
  } else if (slot->lease == call.lease) {
    Enqueue(slot->session,
            AddInternalCall(slot, Purpose::kDropHandles, CallKind::kRelease,
                            EncodeRelease(slot->epoch, reply.first_handle,
                                          reply.handle_count)));
  }
}

void PoolState::RememberImport(SessionRecord* session, CallRecord* call,
                               absl::string_view response) {
  if (call->spec.kind != CallKind::kImport || !IsSuccessfulImport(response)) {
    return;
  }
  const auto same = [&](const SessionRecord::Import& import) {
    return call->spec.target.empty() ? import.body == call->spec.body
                                     : import.target == call->spec.target;
  };
  auto& imports = session->imports;
  const size_t bytes = session->import_bytes + call->spec.body.size();
  if (std::any_of(imports.begin(), imports.end(), same) ||
      imports.size() >= kMaxImports || bytes > kMaxImportBytes) {
    return;
  }
  session->import_bytes = bytes;
  imports.push_back({call->spec.target, std::move(call->spec.body)});
}

// Answers the client, once.
void PoolState::Complete(CallRecord* call, CallResult result,
                         SessionNumber implicit_session) {
  if (call->answered || call->purpose != Purpose::kClient) return;
  call->answered = true;
  call_alarms_.Clear(call);
  ++counts_[call->spec.kind];
  if (SessionRecord* session =
          call->in_session ? FindSession(call->lease) : nullptr) {
    --session->in_flight;
    session->last_active = now_;
    ++session->calls;
  }
  result.queued = (call->queued() ? now_ : call->sent) - call->accepted;
  if (SlotRecord* slot = FindSlot(call->epoch)) result.worker = slot->info;
  Act(CompleteCall{call->number, std::move(call->done), std::move(result),
                   implicit_session});
}

void PoolState::Fail(CallRecord* call, absl::Status status) {
  CallResult result;
  result.status = std::move(status);
  Complete(call, std::move(result));
}

void PoolState::FailQueued(SessionRecord* session, CallNumber last,
                           const StatusOfCall& status) {
  while (!session->queue.empty() && session->queue.front()->number <= last) {
    CallRecord* call = session->queue.front();
    session->queue.pop_front();
    CountUnqueued(*call);
    if (call->spec.kind == CallKind::kRelease) {
      // The handles went with the worker.
      Complete(call, CallResult{});
    } else {
      Fail(call, status(call->spec));
    }
    EraseCall(call);
  }
}

}  // namespace envknit
