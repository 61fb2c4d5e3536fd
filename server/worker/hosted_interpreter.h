#ifndef ENVKNIT_SERVER_WORKER_HOSTED_INTERPRETER_H_
#define ENVKNIT_SERVER_WORKER_HOSTED_INTERPRETER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"

#include "envknit/clock.h"
#include "envknit/worker.h"
#include "server/worker/worker_calls.h"

namespace envknit {

// One interpreter of a host: what the host knows of it. Shared by the host and
// the InterpreterWorker that the pool holds. Members are the host's, used on
// the loop's thread only, unless they say otherwise.
class HostedInterpreter final {
 public:
  enum class State {
    // Its host isn't up.
    kWaiting,
    // OPEN_INTERPRETER was sent.
    kOpening,
    kLive,
    // CLOSE_INTERPRETER was sent.
    kClosing,
  };

  HostedInterpreter(uint16_t its_number, WorkerSpec its_spec,
                    WorkerListener* its_listener,
                    WorkerFactory::Started its_started)
      : number(its_number),
        spec(std::move(its_spec)),
        listener(its_listener),
        started(std::move(its_started)) {
    info.epoch = spec.epoch;
  }

  // The host is to be killed because of it: runs `kill`, unless it has left
  // the host already. Thread-safe; `kill` must not block.
  void Blame(absl::FunctionRef<void()> kill) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (gone_) return;
    blamed_ = true;
    kill();
  }
  bool blamed() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return blamed_;
  }
  // It leaves the host, which must not be killed for it any more.
  void Leave() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    gone_ = true;
  }

  // Constant after construction.
  const uint16_t number;
  const WorkerSpec spec;
  WorkerListener* const listener;

  // Constant once it is live, when others get to see them. Null while it waits.
  WorkerInfo info;
  std::shared_ptr<WorkerCalls> calls;

  State state = State::kWaiting;
  // Null once it is answered.
  WorkerFactory::Started started;
  // When OPEN_INTERPRETER was sent.
  absl::Time opened;
  // The start's deadline, then the close's; 0 if none is set.
  Timers::Id timer = 0;
  // Limits how long the host may take to make it; 0 if none is set.
  Timers::Id open_timer = 0;
  // How it broke the frame contract.
  absl::optional<std::string> protocol_error;

 private:
  mutable absl::Mutex mu_;
  bool blamed_ ABSL_GUARDED_BY(mu_) = false;
  bool gone_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_HOSTED_INTERPRETER_H_
