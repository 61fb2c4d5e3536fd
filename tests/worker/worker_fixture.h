#ifndef ENVKNIT_TESTS_WORKER_WORKER_FIXTURE_H_
#define ENVKNIT_TESTS_WORKER_WORKER_FIXTURE_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"

#include "envknit/worker.h"
#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/base/real_clock.h"
#include "server/process/spawner.h"
#include "server/worker/subprocess_worker_factory.h"

namespace envknit {

// Keeps what a worker says until the test takes it. Thread-safe.
class RecordingListener final : public WorkerListener {
 public:
  void OnReply(WorkerReply reply) override;
  void OnExit(WorkerExit exit) override;

  // Wait for it; a test that waits in vain fails after 20 s.
  WorkerReply TakeReply();
  WorkerExit TakeExit();

  bool HasReply() const;
  bool Exited() const;

 private:
  mutable absl::Mutex mu_;
  std::deque<WorkerReply> replies_ ABSL_GUARDED_BY(mu_);
  absl::optional<WorkerExit> exit_ ABSL_GUARDED_BY(mu_);
};

// Lines of all workers, "stdout:text".
class RecordedLines final {
 public:
  WorkerOutputFactory Factory();
  std::vector<std::string> Get() const;
  // False if it doesn't come within 20 s.
  bool WaitFor(const std::string& line) const;

 private:
  friend class LineRecorder;

  mutable absl::Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

// A factory with everything real but the runtime.
class WorkerFixture : public ::testing::Test {
 protected:
  WorkerFixture();
  ~WorkerFixture() override;

  // Behaviour of fake runtimes started from now on (fake_runtime_start.cc).
  void SetStartBehaviour(const std::string& behaviour);

  WorkerSpec MakeSpec();
  absl::StatusOr<std::unique_ptr<Worker>> Start(WorkerSpec spec);
  // One that must start; it is worker_ then.
  void StartWorker();

  // Sends a CALL of session 3.
  void Submit(CallId id, const std::string& body);
  // Sends one and waits for its reply.
  WorkerReply Run(CallId id, const std::string& body);

  SubprocessWorkerOptions options_;
  RecordingListener listener_;
  RecordedLines lines_;

  RealClock clock_;
  NullLogger logger_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create(&clock_);
  std::unique_ptr<Spawner> spawner_ = *Spawner::Create();
  // Made by the first Start().
  std::unique_ptr<SubprocessWorkerFactory> factory_;
  std::unique_ptr<Worker> worker_;
};

bool Eventually(const std::function<bool()>& condition);
bool IsAlive(pid_t pid);

}  // namespace envknit

#endif  // ENVKNIT_TESTS_WORKER_WORKER_FIXTURE_H_
