#ifndef ENVKNIT_SERVER_POOL_GATED_SESSION_H_
#define ENVKNIT_SERVER_POOL_GATED_SESSION_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"

#include "server/pool/delayed_call.h"
#include "server/pool/import_probes.h"
#include "server/pool/session.h"

namespace envknit {

// A session whose calls pass a gate before they reach the real one: the gate is
// shut until that one is there (its isolation is still being chosen), and while
// a module that a call would import is tried elsewhere. Calls wait in order,
// with their deadlines. Shared by whoever holds it, and while calls wait by
// what they wait for. Thread-safe; no method blocks.
class GatedSession final : public Session,
                           public std::enable_shared_from_this<GatedSession> {
 public:
  // In front of `session`, which is there.
  static std::shared_ptr<GatedSession> InFrontOf(
      std::shared_ptr<Session> session, std::shared_ptr<ImportProbes> probes,
      const DelayedCall::Room& room);

  // In front of one that Settle() will bring. Until then its name is empty.
  static std::shared_ptr<GatedSession> Awaiting(
      SessionSpec spec, std::shared_ptr<ImportProbes> probes,
      const DelayedCall::Room& room);

  // The session that was awaited, or why there is none. Only the first counts;
  // false (and that session is the caller's) if this one is settled or closed.
  bool Settle(absl::StatusOr<std::shared_ptr<Session>> session)
      ABSL_LOCKS_EXCLUDED(mu_);

  const std::string& name() const override ABSL_LOCKS_EXCLUDED(mu_);
  // Isolation and its reason are right once the session is ready.
  const SessionSpec& spec() const override { return spec_; }
  void WhenReady(std::function<void(absl::StatusOr<WorkerInfo>)> ready) override
      ABSL_LOCKS_EXCLUDED(mu_);
  std::shared_ptr<CallHandle> Submit(CallSpec call, CallDone done) override
      ABSL_LOCKS_EXCLUDED(mu_);
  void Cancel(uint32_t carrier, uint64_t client_call_id) override
      ABSL_LOCKS_EXCLUDED(mu_);
  void Undelivered(Epoch epoch, uint64_t first_handle,
                   uint32_t handle_count) override ABSL_LOCKS_EXCLUDED(mu_);
  void Close() override ABSL_LOCKS_EXCLUDED(mu_);
  void CloseAfter(absl::Duration grace) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Waiting {
    std::shared_ptr<DelayedCall> call;
    bool needs_trial = false;
    bool trial_begun = false;
    absl::optional<ImportVerdict> verdict;
  };

  GatedSession(SessionSpec spec, std::shared_ptr<ImportProbes> probes,
               const DelayedCall::Room& room);

  // Passes on what needn't wait any more. Any number of threads may call it;
  // one does the work.
  void Advance() ABSL_LOCKS_EXCLUDED(mu_);
  void BeginTrial(const std::shared_ptr<DelayedCall>& call);
  void OnVerdict(const DelayedCall* call, ImportVerdict verdict)
      ABSL_LOCKS_EXCLUDED(mu_);
  std::shared_ptr<Session> inner() const ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  const std::shared_ptr<ImportProbes> probes_;
  const DelayedCall::Room room_;

  // Isolation and its reason are set by Settle.
  SessionSpec spec_;

  mutable absl::Mutex mu_;
  std::shared_ptr<Session> inner_ ABSL_GUARDED_BY(mu_);
  // Why there will be none.
  absl::Status problem_ ABSL_GUARDED_BY(mu_);
  std::vector<std::function<void(absl::StatusOr<WorkerInfo>)>> when_settled_
      ABSL_GUARDED_BY(mu_);
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  bool advancing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_GATED_SESSION_H_
