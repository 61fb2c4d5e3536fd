#ifndef ENVKNIT_SERVER_POOL_DELAYED_CALL_H_
#define ENVKNIT_SERVER_POOL_DELAYED_CALL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "envknit/call.h"
#include "envknit/clock.h"
#include "server/pool/delay_budget.h"

namespace envknit {

// A call that something must be found out for before it is submitted. Until
// then it is cancelled, and its deadline kept, here. Shared by the caller and
// whoever finds out. Thread-safe.
class DelayedCall final : public CallHandle,
                          public std::enable_shared_from_this<DelayedCall> {
 public:
  using Submit = std::function<std::shared_ptr<CallHandle>(CallSpec, CallDone)>;

  // What calls wait in. `timers` is borrowed and outlives them.
  struct Room {
    std::shared_ptr<DelayBudget> budget;
    Timers* timers = nullptr;
  };

  // `ended_early`, if given, is called when the call ends while it waits, after
  // its own `done`. Takes `spec` and `done` over, but for the error
  // (POOL_EXHAUSTED): too much waits already.
  static absl::StatusOr<std::shared_ptr<DelayedCall>> Create(
      CallSpec& spec, CallDone& done, const Room& room,
      std::function<void()> ended_early = nullptr);
  ~DelayedCall() override;

  // As the call came; before PassOn.
  CallKind kind() const { return kind_; }
  const std::string& target() const { return target_; }
  bool IsCalled(uint32_t carrier, uint64_t client_call_id) const {
    return client_call_id != 0 && client_call_id == client_call_id_ &&
           carrier == carrier_;
  }

  bool waits() const ABSL_LOCKS_EXCLUDED(mu_);

  // Ends the wait: submits the call, unless it has ended.
  void PassOn(const Submit& submit) ABSL_LOCKS_EXCLUDED(mu_);

  // Ends the call, unless it was passed on or has ended.
  void End(CallResult result) ABSL_LOCKS_EXCLUDED(mu_);

  void Cancel() override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  DelayedCall(CallSpec spec, CallDone done, const Room& room,
              std::function<void()> ended_early);

  void EndWith(const std::function<absl::Status(const CallSpec&)>& status)
      ABSL_LOCKS_EXCLUDED(mu_);
  // True once; the call is the caller's to end or submit then.
  bool TakeOut(CallSpec* spec, CallDone* done) ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  const Room room_;
  const std::size_t bytes_;
  const std::function<void()> ended_early_;
  const CallKind kind_;
  const std::string target_;
  const uint32_t carrier_;
  const uint64_t client_call_id_;

  mutable absl::Mutex mu_;
  CallSpec spec_ ABSL_GUARDED_BY(mu_);
  // Null once it was passed on or has ended.
  CallDone done_ ABSL_GUARDED_BY(mu_);
  Timers::Id timer_ ABSL_GUARDED_BY(mu_) = 0;
  std::shared_ptr<CallHandle> handle_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_DELAYED_CALL_H_
