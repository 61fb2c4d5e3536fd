#ifndef ENVKNIT_SERVER_POOL_POOL_RECORDS_H_
#define ENVKNIT_SERVER_POOL_POOL_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/call.h"
#include "envknit/worker.h"
#include "server/pool/deadline_heap.h"
#include "server/pool/pool_action.h"

// What PoolState remembers. Plain data that only PoolState touches.
namespace envknit {

struct CallRecord;
struct SessionRecord;

// Who waits for a worker: exactly one of both is set.
struct Waiter {
  SessionRecord* session = nullptr;
  CallRecord* call = nullptr;
};
using Waiters = std::list<Waiter>;

struct CallRecord {
  enum class Purpose {
    // Someone waits for its result.
    kClient,
    // An import of the session, run again on its new worker.
    kReplay,
    // Drops all handles of a lease that ended.
    kEndLease,
    // Drops handles whose reply nobody got.
    kDropHandles,
  };

  // RELEASE and END_SESSION run `__del__` methods, so they have a limit, and it
  // is their own: it counts from when they are the worker's next.
  bool has_own_limit() const {
    return spec.kind == CallKind::kRelease ||
           spec.kind == CallKind::kEndSession;
  }
  bool queued() const { return epoch == 0; }

  CallNumber number = 0;
  Purpose purpose = Purpose::kClient;
  CallSpec spec;
  CallDone done;
  // The session's, or the number given to a call without one when a worker
  // was.
  SessionNumber lease = 0;
  bool in_session = false;
  // Of a call without a session.
  Identity identity;

  absl::Time accepted;
  // Moves by the time that the call waited for a worker to start or be
  // replaced.
  absl::Time deadline;
  // Since when it does so.
  absl::optional<absl::Time> clock_stopped;
  Alarm alarm;

  // The worker it was sent to, 0 while queued.
  Epoch epoch = 0;
  CallId id = 0;
  absl::Time sent;

  // Its result went out; a reply is dropped.
  bool answered = false;
  // The worker was told to stop or skip it.
  bool cancelled = false;

  // While it waits for a worker without a session: its place, and the worker
  // that is being started because of it.
  absl::optional<Waiters::iterator> waiting;
  Epoch starting = 0;
};

struct SlotRecord;

struct SessionRecord {
  struct Import {
    std::string target;
    std::string body;
  };

  SessionNumber number = 0;
  Identity identity;
  bool may_reuse = false;
  bool attached = false;
  // Opened for the handles of a call that named none.
  bool implicit = false;
  absl::Duration start_timeout;

  // The worker it leases, starting or live; null between two.
  SlotRecord* worker = nullptr;
  absl::optional<Waiters::iterator> waiting;
  // While it waits for its first worker.
  absl::Time wait_deadline = absl::InfiniteFuture();
  // Had a worker once.
  bool ready = false;
  // Why it never had one.
  absl::Status failure;

  // Accepted and not sent, in order.
  std::deque<CallRecord*> queue;
  // Calls without an answer.
  int in_flight = 0;
  // Answered ones.
  uint64_t calls = 0;
  absl::Time opened;
  absl::Time last_call;
  // When the last call came or was answered: its time to live counts from here.
  absl::Time last_active;
  // Its stream is gone, and it ends then in any case.
  absl::optional<absl::Time> ends;
  Alarm alarm;

  // The epoch that the client was last told.
  Epoch known_epoch = 0;
  std::vector<LadderNotice> notices;
  // What the ladder did last, for listings; kept when the worker is replaced.
  std::string last_ladder_action;
  std::string last_stack;
  // Successful ones, to be run again on a new worker; oldest first.
  std::vector<Import> imports;
  size_t import_bytes = 0;
};

// One incarnation of a worker, from the decision to start it until it is
// reaped.
struct SlotRecord {
  enum class Phase {
    kStarting,
    // Runs the imports of its session again.
    kReplaying,
    kServing,
    // Was stopped or killed, or will not be used again.
    kEnding,
  };
  // How far the front call's stopping went.
  enum class Ladder { kNone, kInterrupting, kDumping };

  Epoch epoch = 0;
  WorkerInfo info;
  Phase phase = Phase::kStarting;

  // Whom it serves: 0 when idle or not leased yet. `session` is null for a
  // call without a session, and while the handles of an ended one are dropped.
  SessionNumber lease = 0;
  SessionRecord* session = nullptr;
  // The call without a session it is started for.
  CallRecord* starting_for = nullptr;
  // Whose code it ran; unset while it is fresh.
  absl::optional<Identity> identity;
  // Ran or was sent anything for its present lease.
  bool used = false;

  // Sent and not answered by the worker, in order; the first one runs.
  absl::InlinedVector<CallRecord*, 8> channel;
  absl::Time front_since;
  size_t next_replay = 0;
  absl::Time replay_deadline;

  Ladder ladder = Ladder::kNone;
  // The last call that was accepted before the ladder began.
  CallNumber ladder_mark = 0;
  // The session whose lease ended still has handles in the worker.
  bool owes_end_lease = false;
  // Serves no one after its present calls.
  bool ends_when_free = false;

  // The ladder's next step, or the end of idling.
  Alarm alarm;
  absl::Time idle_since;

  uint64_t calls = 0;
  std::string last_ladder_action;
  std::string last_stack;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_RECORDS_H_
