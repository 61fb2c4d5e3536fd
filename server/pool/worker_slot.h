#ifndef ENVKNIT_SERVER_POOL_WORKER_SLOT_H_
#define ENVKNIT_SERVER_POOL_WORKER_SLOT_H_

#include <memory>
#include <utility>

#include "envknit/worker.h"

namespace envknit {

class WorkerPool;

// One worker of a pool, and the ear that listens to it: tells the pool, if that
// still exists, what the worker of its epoch does. Shared by the pool, the
// factory while it starts the worker, and the actions that are under way; the
// worker lives and dies with it. Thread-safe after the worker was put in.
class WorkerSlot final : public WorkerListener,
                         public std::enable_shared_from_this<WorkerSlot> {
 public:
  WorkerSlot(std::weak_ptr<WorkerPool> pool, Epoch epoch);

  // Does not block; the pool hears of the result.
  void Start(WorkerFactory* factory, WorkerSpec spec);

  void OnReply(WorkerReply reply) override;
  void OnExit(WorkerExit exit) override;

  // Null until the pool has heard of the start.
  Worker* worker() const { return worker_.get(); }

  // Once, under the pool's lock.
  void SetWorker(std::unique_ptr<Worker> worker) {
    worker_ = std::move(worker);
  }

 private:
  // Constant after construction.
  const std::weak_ptr<WorkerPool> pool_;
  const Epoch epoch_;

  std::unique_ptr<Worker> worker_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_WORKER_SLOT_H_
