#include "tests/worker/host_fixture.h"

#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"

namespace envknit {

void TestInterpreter::Submit(const std::string& body) {
  WorkerCall call;
  call.id = ++last_call;
  call.session = 3;
  call.body = body;
  worker->Submit(std::move(call));
}

WorkerReply TestInterpreter::Run(const std::string& body) {
  Submit(body);
  return listener->TakeReply();
}

HostFixture::HostFixture() {
  options_.process.environment = {"PATH=/usr/bin:/bin"};
  options_.process.output = lines_.Factory();
  options_.process.instance = "test";
}

HostFixture::~HostFixture() { factory_.reset(); }

WorkerSpec HostFixture::MakeSpec(const std::string& name) {
  auto environment = std::make_shared<Environment>();
  environment->name = name;
  environment->interpreter.path = ENVKNIT_FAKE_HOST;
  environment->interpreter.version = "3.13.0";
  environment->interpreter.runtime_path = "/opt/runtime/envknit_runtime.so";
  WorkerSpec spec;
  spec.environment = environment;
  spec.epoch = next_epoch_++;
  spec.start_deadline = absl::Now() + absl::Seconds(20);
  return spec;
}

void HostFixture::MakeFactory() {
  if (factory_ != nullptr) return;
  factory_ = std::make_unique<InterpreterWorkerFactory>(
      options_, InterpreterWorkerFactory::Dependencies{
                    spawner_.get(), loop_.get(), &clock_, &logger_});
}

absl::StatusOr<TestInterpreter> HostFixture::TryOpen(WorkerSpec spec) {
  MakeFactory();
  TestInterpreter opened;
  opened.listener = std::make_unique<RecordingListener>();
  absl::StatusOr<std::unique_ptr<Worker>> result =
      absl::UnknownError("not called");
  absl::BlockingCounter done(1);
  factory_->Start(std::move(spec), opened.listener.get(),
                  [&](absl::StatusOr<std::unique_ptr<Worker>> worker) {
                    result = std::move(worker);
                    done.DecrementCount();
                  });
  done.Wait();
  if (!result.ok()) return result.status();
  opened.worker = *std::move(result);
  return opened;
}

absl::StatusOr<TestInterpreter> HostFixture::TryOpen(
    const std::string& environment) {
  return TryOpen(MakeSpec(environment));
}

TestInterpreter HostFixture::Open(const std::string& environment) {
  absl::StatusOr<TestInterpreter> opened = TryOpen(environment);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

std::vector<TestInterpreter> HostFixture::OpenMany(int count) {
  MakeFactory();
  std::vector<TestInterpreter> opened(static_cast<std::size_t>(count));
  absl::BlockingCounter left(count);
  for (TestInterpreter& interpreter : opened) {
    interpreter.listener = std::make_unique<RecordingListener>();
    factory_->Start(MakeSpec("science"), interpreter.listener.get(),
                    [&](absl::StatusOr<std::unique_ptr<Worker>> worker) {
                      EXPECT_TRUE(worker.ok()) << worker.status();
                      if (worker.ok()) interpreter.worker = *std::move(worker);
                      left.DecrementCount();
                    });
  }
  left.Wait();
  return opened;
}

}  // namespace envknit
