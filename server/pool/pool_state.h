#ifndef ENVKNIT_SERVER_POOL_POOL_STATE_H_
#define ENVKNIT_SERVER_POOL_POOL_STATE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "envknit/call.h"
#include "envknit/worker.h"
#include "server/pool/deadline_heap.h"
#include "server/pool/pool_action.h"
#include "server/pool/pool_options.h"
#include "server/pool/pool_records.h"
#include "server/pool/session_snapshot.h"
#include "server/pool/worker_snapshot.h"

namespace envknit {

// What a session asks of its worker.
struct SessionTerms {
  Identity identity = {};
  bool may_reuse = false;
  bool attached = false;
  absl::Duration start_timeout = absl::ZeroDuration();
};

// All decisions of one pool: who gets which worker, what is sent when, what is
// stopped how. Pure: (state, event, now) → actions. It has no lock, no thread
// and no clock, so that every rule of it is a table in a test; WorkerPool owns
// one and guards it.
//
// The rules:
// - A worker serves one lease at a time, its calls in the order of acceptance;
//   at most kWindow of them are in its channel, the others wait here. A worker
//   never goes from one identity to another.
// - A call's time doesn't run while it waits for nothing but a worker that is
//   being started or replaced: that has `start_timeout`. Being replaced begins
//   with the ladder below (else a call with a timeout below the grace period
//   could not follow one that ignores interrupts), and ends when the session's
//   imports have run on the new worker.
// - A call whose time is up is answered at once. If a worker has it, it is
//   cancelled there; the one that runs is on the ladder: interrupt → grace →
//   stack dump → kill. The slot stays taken until the worker is free or reaped.
// - While a call is on the ladder nothing more is sent: calls accepted then run
//   in any case, on this worker or on its successor. Those accepted before fail
//   with the worker if it is killed.
// - A session whose worker did something for it gets a new one at once when
//   that ends, others with their next call.
//
// Not thread-safe.
class PoolState final {
 public:
  // Calls in a worker's channel.
  static constexpr size_t kWindow = 8;
  // How long RELEASE and END_SESSION may run.
  static constexpr absl::Duration kDropLimit = absl::Seconds(5);
  // How long a kill waits for the stacks that were asked for.
  static constexpr absl::Duration kDumpWait = absl::Milliseconds(100);
  // Imports remembered of one session, and their bytes in all.
  static constexpr size_t kMaxImports = 64;
  static constexpr size_t kMaxImportBytes = 64 << 10;
  // Notices kept for a session's next reply; older ones are dropped.
  static constexpr size_t kMaxNotices = 16;

  // Both functions are called from inside events. `next_epoch` never repeats
  // itself; `progress` is Worker::Progress of a worker that is not disposed of.
  using NextEpoch = std::function<Epoch()>;
  using ProgressProbe = std::function<CallProgress(Epoch, CallId)>;

  PoolState(const PoolOptions& options, NextEpoch next_epoch,
            ProgressProbe progress);

  // Events. Each appends what is to be done to the actions.

  // DRAINING; POOL_EXHAUSTED if no worker can come free within the start
  // timeout. Later failures are a SessionFailed.
  absl::StatusOr<SessionNumber> OpenSession(absl::Time now,
                                            const SessionTerms& terms);

  // Ends the lease; its calls are cancelled. Unknown numbers are ignored.
  void CloseSession(absl::Time now, SessionNumber session);
  // The same after `grace`, whatever comes meanwhile.
  void CloseSessionAfter(absl::Time now, SessionNumber session,
                         absl::Duration grace);

  // Accepts or refuses a call; either way it is completed exactly once.
  // Returns its number, 0 if it was refused. `session_name` is for the error's
  // text.
  CallNumber Submit(absl::Time now, SessionNumber session,
                    absl::string_view session_name, CallSpec spec,
                    CallDone done);
  CallNumber SubmitWithoutSession(absl::Time now, const Identity& identity,
                                  CallSpec spec, CallDone done);

  // Nothing if the call was answered already.
  void CancelCall(absl::Time now, CallNumber call);
  void CancelByClient(absl::Time now, SessionNumber session, uint32_t carrier,
                      uint64_t client_call_id);

  // The client did not get these handles.
  void Undelivered(absl::Time now, SessionNumber session, Epoch epoch,
                   uint64_t first_handle, uint32_t handle_count);

  void WorkerStarted(absl::Time now, Epoch epoch, WorkerInfo info);
  void WorkerStartFailed(absl::Time now, Epoch epoch,
                         const absl::Status& status);
  void Reply(absl::Time now, Epoch epoch, WorkerReply reply);
  void Exit(absl::Time now, Epoch epoch, const WorkerExit& exit);
  void TimerFired(absl::Time now);

  // Fails what waits, cancels what runs, ends all workers; PoolEmpty follows
  // when the last one is gone. New work is refused from now on.
  void Shutdown(absl::Time now);

  // Shutdown that waits for nothing: completes every call and forgets all
  // workers and sessions.
  void Abandon(absl::Time now);

  // Moves the actions decided since the last call to the end of `out`.
  void TakeActions(std::vector<Action>* out);

  // One entry per slot; the second is the leasing session, 0 for none.
  std::vector<std::pair<WorkerSnapshot, SessionNumber>> Snapshot(
      absl::Time now) const;
  // In the order of their opening; the second is the session's number.
  std::vector<std::pair<SessionSnapshot, SessionNumber>> SnapshotSessions()
      const;
  const std::map<CallKind, uint64_t>& call_counts() const { return counts_; }
  // Replies that nobody waited for any more.
  uint64_t late_replies() const { return late_replies_; }

 private:
  // Sets the event's time, and arms the timer at its end.
  class Event;

  using StatusOfCall = std::function<absl::Status(const CallSpec&)>;

  static constexpr CallNumber kAllCalls =
      std::numeric_limits<CallNumber>::max();

  // pool_state.cc
  template <typename T>
  void Act(T action) {
    actions_.emplace_back(std::move(action));
  }
  void Log(LogLevel level, absl::string_view message,
           std::vector<LogField> fields);
  void ArmTimer();
  SlotRecord* FindSlot(Epoch epoch);
  SessionRecord* FindSession(SessionNumber number);
  void SlotAlarm(SlotRecord* slot);
  void SessionAlarm(SessionRecord* session);
  // Unset while only its client or the end of a call may end it.
  absl::optional<absl::Time> ExpiryOf(const SessionRecord& session) const;
  void ArmSession(SessionRecord* session);
  void ReportIfEmpty();

  // pool_state_leases.cc: sessions and who gets which worker.
  absl::Status RequestWorker(SessionRecord* session, absl::Time until);
  bool HasCapacity() const;
  bool CanComeFree(absl::Time until) const;
  SlotRecord* FindIdle(const Identity& identity, bool may_reuse) const;
  SlotRecord* AddSlot(absl::Duration start_timeout);
  void StartForSession(SessionRecord* session);
  void StartForCall(CallRecord* call);
  void WaitForWorker(SessionRecord* session);
  void WaitForWorker(CallRecord* call);
  void StopWaiting(SessionRecord* session);
  void StopWaiting(CallRecord* call);
  bool Serve(const Waiter& waiter);
  void ServeWaiters();
  void LeaseTo(SlotRecord* slot, SessionRecord* session);
  void LeaseTo(SlotRecord* slot, CallRecord* call);
  void RemoveIdle(SlotRecord* slot);
  void MakeIdle(SlotRecord* slot);
  void FailSession(SessionRecord* session, const absl::Status& status);
  void EndSession(SessionRecord* session, const StatusOfCall& queued_status);
  void GiveBack(SlotRecord* slot, bool may_reuse);
  void OpenImplicitSession(SlotRecord* slot, const CallRecord& call);

  // pool_state_workers.cc: a worker's life.
  void BeginService(SlotRecord* slot);
  void ContinueReplay(SlotRecord* slot);
  void ServeSession(SlotRecord* slot);
  void AbortReplay(SlotRecord* slot, absl::string_view why);
  void AfterCall(SlotRecord* slot);
  void EndSlot(SlotRecord* slot, bool kill);
  void Detach(SlotRecord* slot, absl::string_view why);
  void FailInChannel(SlotRecord* slot, const WorkerExit& exit);
  void EraseSlot(SlotRecord* slot);

  // pool_state_calls.cc: calls on their way to a worker.
  absl::Status Refusal(const SessionRecord& session,
                       const CallSpec& spec) const;
  absl::Status QueueRefusal(const CallSpec& spec) const;
  bool CanSend(const SessionRecord& session) const;
  CallRecord* AddCall(CallSpec spec, CallDone done);
  CallRecord* AddInternalCall(SlotRecord* slot, CallRecord::Purpose purpose,
                              CallKind kind, std::string body);
  void Refuse(const CallSpec& spec, CallDone done, absl::Status status);
  void Enqueue(SessionRecord* session, CallRecord* call);
  void CountQueued(const CallRecord& call);
  void CountUnqueued(const CallRecord& call);
  void StopClock(CallRecord* call);
  void ResumeClock(CallRecord* call);
  void Pump(SlotRecord* slot);
  void Send(SlotRecord* slot, CallRecord* call);
  void FrontChanged(SlotRecord* slot);
  std::vector<CallRecord*> CallsOf(SessionNumber session);
  void EraseCall(CallRecord* call);

  // pool_state_replies.cc: calls on their way back.
  CallRecord* TakeFromChannel(SlotRecord* slot, CallId id);
  void ClientReply(SlotRecord* slot, CallRecord* call, WorkerReply* reply);
  void DropHandles(SlotRecord* slot, const CallRecord& call,
                   const WorkerReply& reply);
  void RememberImport(SessionRecord* session, CallRecord* call,
                      absl::string_view response);
  void Complete(CallRecord* call, CallResult result,
                SessionNumber implicit_session = 0);
  void Fail(CallRecord* call, absl::Status status);
  void FailQueued(SessionRecord* session, CallNumber last,
                  const StatusOfCall& status);

  // pool_state_stops.cc: deadlines, cancels, the ladder.
  void Expire(CallRecord* call);
  void Cancel(CallRecord* call, const absl::Status& status);
  void RemoveQueued(CallRecord* call, const absl::Status& status);
  void CancelOnItsWorker(CallRecord* call);
  void BeginLadder(SlotRecord* slot);
  void ClimbLadder(SlotRecord* slot);
  void EndLadder(SlotRecord* slot);
  void NoteReplyOfStopped(SlotRecord* slot, const CallRecord& call,
                          const WorkerReply& reply);
  void Notice(SlotRecord* slot, const CallRecord& call,
              LadderNotice::Action action, std::string stack);

  // Constant after construction.
  const PoolOptions options_;
  const NextEpoch next_epoch_;
  const ProgressProbe progress_;

  // Of the event that is being handled.
  absl::Time now_;
  std::vector<Action> actions_;

  absl::flat_hash_map<CallNumber, std::unique_ptr<CallRecord>> calls_;
  absl::flat_hash_map<SessionNumber, std::unique_ptr<SessionRecord>> sessions_;
  absl::flat_hash_map<Epoch, std::unique_ptr<SlotRecord>> slots_;
  // Least recently used first.
  std::vector<SlotRecord*> idle_;
  Waiters waiters_;
  // Slots in phase kEnding.
  size_t ending_ = 0;

  DeadlineHeap<CallRecord> call_alarms_;
  DeadlineHeap<SlotRecord> slot_alarms_;
  DeadlineHeap<SessionRecord> session_alarms_;
  // When TimerFired will be called.
  absl::Time armed_ = absl::InfiniteFuture();

  CallNumber last_call_ = 0;
  CallId last_call_id_ = 0;
  SessionNumber last_session_ = 0;
  // Calls that are not sent yet, and the bytes of their bodies.
  int queued_calls_ = 0;
  int64_t queued_bytes_ = 0;
  bool shutting_down_ = false;

  std::map<CallKind, uint64_t> counts_;
  uint64_t late_replies_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_STATE_H_
