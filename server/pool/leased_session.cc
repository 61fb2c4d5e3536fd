#include "server/pool/leased_session.h"

#include <utility>

#include "server/pool/worker_pool.h"

namespace envknit {

LeasedSession::LeasedSession(std::shared_ptr<WorkerPool> pool,
                             SessionNumber number, std::string name,
                             SessionSpec spec)
    : pool_(std::move(pool)),
      number_(number),
      name_(std::move(name)),
      spec_(std::move(spec)) {}

void LeasedSession::WhenReady(
    std::function<void(absl::StatusOr<WorkerInfo>)> ready) {
  absl::StatusOr<WorkerInfo> first_worker;
  {
    const absl::MutexLock lock(&mu_);
    if (!first_worker_) {
      waiting_.push_back(std::move(ready));
      return;
    }
    first_worker = *first_worker_;
  }
  ready(std::move(first_worker));
}

void LeasedSession::Resolve(const absl::StatusOr<WorkerInfo>& first_worker) {
  std::vector<std::function<void(absl::StatusOr<WorkerInfo>)>> waiting;
  {
    const absl::MutexLock lock(&mu_);
    if (first_worker_) return;
    first_worker_ = first_worker;
    waiting.swap(waiting_);
  }
  for (const auto& ready : waiting) ready(first_worker);
}

std::shared_ptr<CallHandle> LeasedSession::Submit(CallSpec call,
                                                  CallDone done) {
  return pool_->Submit(number_, name_, std::move(call), std::move(done));
}

void LeasedSession::Cancel(uint32_t carrier, uint64_t client_call_id) {
  pool_->CancelByClient(number_, carrier, client_call_id);
}

void LeasedSession::Undelivered(Epoch epoch, uint64_t first_handle,
                                uint32_t handle_count) {
  pool_->Undelivered(number_, epoch, first_handle, handle_count);
}

void LeasedSession::Close() { pool_->CloseSession(number_); }

void LeasedSession::CloseAfter(absl::Duration grace) {
  pool_->CloseSessionAfter(number_, grace);
}

}  // namespace envknit
