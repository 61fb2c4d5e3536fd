#ifndef ENVKNIT_SERVER_APP_STOP_SIGNALS_H_
#define ENVKNIT_SERVER_APP_STOP_SIGNALS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "server/base/event_loop.h"
#include "server/base/unique_fd.h"

namespace envknit {

// Why and when the daemon ends: SIGTERM, SIGINT, or a request from inside (its
// client is gone). The first one is what Wait returns; a signal after it, from
// someone tired of waiting, ends the process on the spot with exit code 1 (the
// kernel then ends the workers). Owned by main; thread-safe.
class StopSignals final {
 public:
  // Blocks the signals in this thread and in those it starts from now on, so
  // call it before any other thread exists. Children reset them.
  static void Block();

  // Reads the signals on `loop`, which is borrowed.
  static absl::StatusOr<std::unique_ptr<StopSignals>> Create(EventLoop* loop);

  ~StopSignals();

  // Ends the daemon as a signal does. Calls after the first do nothing.
  void RequestStop(std::string reason) ABSL_LOCKS_EXCLUDED(mu_);

  // Blocks until the daemon shall end; the reason, for the log.
  std::string Wait() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  StopSignals(EventLoop* loop, UniqueFd signals)
      : loop_(loop), signals_(std::move(signals)) {}

  void OnSignal() ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  EventLoop* const loop_;
  const UniqueFd signals_;

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::string reason_ ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_APP_STOP_SIGNALS_H_
