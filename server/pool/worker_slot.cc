#include "server/pool/worker_slot.h"

#include "absl/status/statusor.h"

#include "server/pool/worker_pool.h"

namespace envknit {

WorkerSlot::WorkerSlot(std::weak_ptr<WorkerPool> pool, Epoch epoch)
    : pool_(std::move(pool)), epoch_(epoch) {}

void WorkerSlot::Start(WorkerFactory* factory, WorkerSpec spec) {
  factory->Start(std::move(spec), this,
                 [self = shared_from_this()](
                     absl::StatusOr<std::unique_ptr<Worker>> worker) {
                   if (auto pool = self->pool_.lock()) {
                     pool->OnStarted(self->epoch_, std::move(worker));
                   }
                 });
}

void WorkerSlot::OnReply(WorkerReply reply) {
  if (auto pool = pool_.lock()) pool->OnReply(epoch_, std::move(reply));
}

void WorkerSlot::OnExit(WorkerExit exit) {
  if (auto pool = pool_.lock()) pool->OnExit(epoch_, exit);
}

}  // namespace envknit
