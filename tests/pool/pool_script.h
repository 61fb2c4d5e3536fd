#ifndef ENVKNIT_TESTS_POOL_POOL_SCRIPT_H_
#define ENVKNIT_TESTS_POOL_POOL_SCRIPT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "server/pool/pool_state.h"

namespace envknit {

// The actions of one event as text, one line each, such as "start 1",
// "send 1#3 call f", "cancel 1#3", "f: DEADLINE_EXPIRED_RUNNING".
using Lines = std::vector<std::string>;

struct ScriptCall {
  CallKind kind = CallKind::kCall;
  absl::Duration timeout = absl::Seconds(30);
  uint64_t client_call_id = 0;
  // Empty: the target's name.
  std::string body = "";
};

struct ScriptReply {
  absl::Status status = absl::OkStatus();
  std::string body = "";
  uint64_t first_handle = 0;
  uint32_t handle_count = 0;
  bool interrupted = false;
  bool skipped = false;
  bool retire = false;
};

struct ScriptExit {
  absl::optional<int> exit_code = absl::nullopt;
  absl::optional<int> signal = absl::nullopt;
  std::string stderr_tail = "";
  std::string stack = "";
};

// Plays events to a PoolState and writes down what it decides. Workers' epochs
// are 1, 2, …; calls on workers are numbered 1, 2, … as they are sent. Log
// lines and timers are left out; `timer` has the time that was armed last.
class PoolScript final {
 public:
  explicit PoolScript(PoolOptions options = {});

  // The next event happens that much later.
  void Wait(absl::Duration duration) { now_ += duration; }

  Lines Open(SessionTerms terms = {.identity = "uid:1", .attached = true});
  Lines Close(SessionNumber session);
  Lines CloseAfter(SessionNumber session, absl::Duration grace);
  Lines Submit(SessionNumber session, const std::string& target,
               ScriptCall options = {});
  Lines Import(SessionNumber session, const std::string& module);
  Lines SubmitAlone(const Identity& identity, const std::string& target,
                    ScriptCall options = {});
  Lines CancelCall(const std::string& target);
  Lines CancelByClient(SessionNumber session, uint32_t carrier, uint64_t id);
  Lines Undelivered(SessionNumber session, Epoch epoch, uint64_t first_handle,
                    uint32_t count);
  Lines Started(Epoch epoch);
  Lines StartFailed(Epoch epoch);
  Lines Reply(Epoch epoch, CallId call, ScriptReply reply = {});
  // Of an import that succeeded.
  Lines Imported(Epoch epoch, CallId call);
  Lines Exit(Epoch epoch, ScriptExit exit = {});
  // Waits, and tells that the timer fired.
  Lines FireAfter(absl::Duration duration);
  Lines Shutdown();
  Lines Abandon();

  // What Worker::Progress says of a call; kRunning unless set.
  void SetProgress(CallId call, CallProgress progress) {
    progress_[call] = progress;
  }

  // A session with a worker that runs: session 1 on worker 1.
  void OpenAndStart();

  PoolState& state() { return state_; }
  absl::Time now() const { return now_; }
  absl::Time timer() const { return timer_; }
  // All results so far, by target.
  const CallResult& ResultOf(const std::string& target) const {
    return results_.at(target);
  }

 private:
  CallSpec MakeSpec(const std::string& target, const ScriptCall& options);
  CallDone Note(const std::string& target);
  Lines Take();
  std::string Describe(Action& action);

  absl::Time now_ = absl::UnixEpoch();
  absl::Time timer_ = absl::InfiniteFuture();
  Epoch last_epoch_ = 0;
  std::map<CallId, CallProgress> progress_;
  std::map<std::string, CallNumber> numbers_;
  std::map<std::string, CallResult> results_;
  std::string completed_;
  // The line of an OpenSession that was refused.
  std::string refused_;
  PoolState state_;
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_POOL_POOL_SCRIPT_H_
