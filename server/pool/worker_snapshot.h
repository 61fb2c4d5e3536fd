#ifndef ENVKNIT_SERVER_POOL_WORKER_SNAPSHOT_H_
#define ENVKNIT_SERVER_POOL_WORKER_SNAPSHOT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

#include "envknit/call.h"
#include "envknit/worker.h"

namespace envknit {

// What ListWorkers shows.
struct WorkerSnapshot {
  enum class State { kStarting, kIdle, kBusy, kStoppingCall, kEnding };
  std::string environment;
  IsolationKind isolation = IsolationKind::kProcess;
  WorkerInfo info;
  State state = State::kIdle;
  std::string session;
  uint64_t calls = 0;
  // Objects it holds for sessions, as it says itself.
  uint64_t handles = 0;
  std::string running;
  absl::Duration running_for;
  std::string last_ladder_action;
  std::string last_stack;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_WORKER_SNAPSHOT_H_
