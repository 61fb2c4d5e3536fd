#ifndef ENVKNIT_SERVER_POOL_POOL_ACTION_H_
#define ENVKNIT_SERVER_POOL_POOL_ACTION_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "envknit/call.h"
#include "envknit/worker.h"
#include "server/base/log.h"

namespace envknit {

// Numbers a lease within its pool, never 0 and never reused: a session, or one
// call without a session.
using SessionNumber = uint64_t;

// Numbers an accepted call within its pool, in the order of acceptance, never
// 0.
using CallNumber = uint64_t;

// What PoolState decides and WorkerPool does, in this order and outside its
// lock. Plain values.

struct StartWorker {
  Epoch epoch = 0;
  absl::Time deadline;
};

struct SendCall {
  Epoch epoch = 0;
  WorkerCall call;
};

struct CancelOnWorker {
  Epoch epoch = 0;
  CallId call = 0;
};

struct DumpWorkerStack {
  Epoch epoch = 0;
};

struct KillWorker {
  Epoch epoch = 0;
};

struct StopWorker {
  Epoch epoch = 0;
};

// The worker is reaped, or never came up: nothing is asked of it any more.
struct DisposeWorker {
  Epoch epoch = 0;
};

struct CompleteCall {
  CallNumber call = 0;
  CallDone done;
  CallResult result;
  // Number of the session that was opened for the result's handles, else 0.
  SessionNumber implicit_session = 0;
};

struct SessionReady {
  SessionNumber session = 0;
  WorkerInfo worker;
};

struct SessionFailed {
  SessionNumber session = 0;
  absl::Status status;
};

// A session was opened for the handles of a call that named none.
struct ImplicitSessionOpened {
  SessionNumber session = 0;
  Identity identity;
  absl::Duration start_timeout;
};

struct SessionEnded {
  SessionNumber session = 0;
};

// Call PoolState::TimerFired at or after `when`.
struct SetTimer {
  absl::Time when;
};

struct LogLine {
  LogLevel level = LogLevel::kInfo;
  std::string message;
  std::vector<LogField> fields;
};

// After a shutdown: the last worker is gone.
struct PoolEmpty {};

using Action =
    std::variant<StartWorker, SendCall, CancelOnWorker, DumpWorkerStack,
                 KillWorker, StopWorker, DisposeWorker, CompleteCall,
                 SessionReady, SessionFailed, ImplicitSessionOpened,
                 SessionEnded, SetTimer, LogLine, PoolEmpty>;

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_POOL_ACTION_H_
