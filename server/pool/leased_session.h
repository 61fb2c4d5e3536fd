#ifndef ENVKNIT_SERVER_POOL_LEASED_SESSION_H_
#define ENVKNIT_SERVER_POOL_LEASED_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"

#include "server/pool/pool_action.h"
#include "server/pool/session.h"

namespace envknit {

class WorkerPool;

// A session as its pool gives it out: the name and the number of a lease, and
// whether its first worker is up. Owned by the pool and the directory until it
// ends, and by whoever holds it. Thread-safe.
class LeasedSession final : public Session {
 public:
  LeasedSession(std::shared_ptr<WorkerPool> pool, SessionNumber number,
                std::string name, SessionSpec spec);

  const std::string& name() const override { return name_; }
  const SessionSpec& spec() const override { return spec_; }
  void WhenReady(std::function<void(absl::StatusOr<WorkerInfo>)> ready) override
      ABSL_LOCKS_EXCLUDED(mu_);
  std::shared_ptr<CallHandle> Submit(CallSpec call, CallDone done) override;
  void Cancel(uint32_t carrier, uint64_t client_call_id) override;
  void Undelivered(Epoch epoch, uint64_t first_handle,
                   uint32_t handle_count) override;
  void Close() override;
  void CloseAfter(absl::Duration grace) override;

  // What WhenReady says; only the first one counts.
  void Resolve(const absl::StatusOr<WorkerInfo>& first_worker)
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // Constant after construction.
  const std::shared_ptr<WorkerPool> pool_;
  const SessionNumber number_;
  const std::string name_;
  const SessionSpec spec_;

  absl::Mutex mu_;
  absl::optional<absl::StatusOr<WorkerInfo>> first_worker_ ABSL_GUARDED_BY(mu_);
  std::vector<std::function<void(absl::StatusOr<WorkerInfo>)>> waiting_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_LEASED_SESSION_H_
