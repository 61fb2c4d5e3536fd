#ifndef ENVKNIT_TESTS_POOL_FAKE_WORKERS_H_
#define ENVKNIT_TESTS_POOL_FAKE_WORKERS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "envknit/worker.h"

namespace envknit {

// What a FakeWorker was asked to do; shared with the test, so that it can be
// read after the worker's end. Thread-safe.
struct WorkerRecord {
  std::vector<std::string> Asked() const ABSL_LOCKS_EXCLUDED(mu) {
    const absl::MutexLock lock(&mu);
    return asked;
  }

  mutable absl::Mutex mu;
  // "submit f", "cancel 1", "dump", "kill", "stop", "destroyed".
  std::vector<std::string> asked ABSL_GUARDED_BY(mu);
  std::vector<CallId> submitted ABSL_GUARDED_BY(mu);
  std::thread::id submitting_thread ABSL_GUARDED_BY(mu);
};

// Starts workers that do nothing by themselves: the test plays them, calling
// their listeners. Thread-safe.
class FakeWorkerFactory final : public WorkerFactory {
 public:
  struct PendingStart {
    WorkerSpec spec;
    WorkerListener* listener = nullptr;
    Started started;
    std::shared_ptr<WorkerRecord> record;
  };

  void Start(WorkerSpec spec, WorkerListener* listener,
             Started started) override ABSL_LOCKS_EXCLUDED(mu_);

  // Starts asked for so far, by epoch.
  std::vector<Epoch> Epochs() const ABSL_LOCKS_EXCLUDED(mu_);
  WorkerListener* ListenerOf(Epoch epoch) const ABSL_LOCKS_EXCLUDED(mu_);
  std::shared_ptr<WorkerRecord> RecordOf(Epoch epoch) const
      ABSL_LOCKS_EXCLUDED(mu_);

  // Plays the end of a start.
  void Succeed(Epoch epoch) ABSL_LOCKS_EXCLUDED(mu_);
  void Fail(Epoch epoch, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  // The worker's answer to the call it was given last.
  void ReplyToLast(Epoch epoch, WorkerReply reply = {})
      ABSL_LOCKS_EXCLUDED(mu_);

  // Runs inside every Worker::Submit.
  std::function<void(Epoch, const WorkerCall&)> on_submit;

 private:
  PendingStart Find(Epoch epoch) const ABSL_LOCKS_EXCLUDED(mu_);

  mutable absl::Mutex mu_;
  std::map<Epoch, PendingStart> starts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_POOL_FAKE_WORKERS_H_
