#ifndef ENVKNIT_TESTS_WORKER_HOST_FIXTURE_H_
#define ENVKNIT_TESTS_WORKER_HOST_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "server/worker/interpreter_worker_factory.h"
#include "tests/worker/worker_fixture.h"

namespace envknit {

// An interpreter of a fake host (fake_host.cc), and what it said.
struct TestInterpreter {
  std::unique_ptr<RecordingListener> listener;
  std::unique_ptr<Worker> worker;

  // Sends a CALL; Run() waits for its reply too.
  void Submit(const std::string& body);
  WorkerReply Run(const std::string& body);
  int pid() const { return worker->info().pid; }

  CallId last_call = 0;
};

// A factory with everything real but the runtime.
class HostFixture : public ::testing::Test {
 protected:
  HostFixture();
  ~HostFixture() override;

  WorkerSpec MakeSpec(const std::string& environment);
  // Behaves as `environment` says.
  absl::StatusOr<TestInterpreter> TryOpen(
      const std::string& environment = "science");
  absl::StatusOr<TestInterpreter> TryOpen(WorkerSpec spec);
  // One that must start.
  TestInterpreter Open(const std::string& environment = "science");
  // Several, opened at once.
  std::vector<TestInterpreter> OpenMany(int count);

  InterpreterWorkerOptions options_;
  RecordedLines lines_;
  RealClock clock_;
  NullLogger logger_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create(&clock_);
  std::unique_ptr<Spawner> spawner_ = *Spawner::Create();
  // Made by the first start.
  std::unique_ptr<InterpreterWorkerFactory> factory_;
  Epoch next_epoch_ = 0x1234'0000'0001;

 private:
  void MakeFactory();
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_WORKER_HOST_FIXTURE_H_
