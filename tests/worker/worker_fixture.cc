#include "tests/worker/worker_fixture.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

#include "server/process/process_scan.h"

namespace envknit {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

}  // namespace

void RecordingListener::OnReply(WorkerReply reply) {
  absl::MutexLock lock(&mu_);
  EXPECT_FALSE(exit_.has_value()) << "a reply after the exit";
  replies_.push_back(std::move(reply));
}

void RecordingListener::OnExit(WorkerExit exit) {
  absl::MutexLock lock(&mu_);
  EXPECT_FALSE(exit_.has_value()) << "a second exit";
  exit_ = std::move(exit);
}

WorkerReply RecordingListener::TakeReply() {
  absl::MutexLock lock(&mu_);
  const auto there = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !replies_.empty();
  };
  if (!mu_.AwaitWithTimeout(absl::Condition(&there), kPatience)) {
    ADD_FAILURE() << "no reply";
    return {};
  }
  WorkerReply reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

WorkerExit RecordingListener::TakeExit() {
  absl::MutexLock lock(&mu_);
  const auto there = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return exit_.has_value();
  };
  if (!mu_.AwaitWithTimeout(absl::Condition(&there), kPatience)) {
    ADD_FAILURE() << "no exit";
    return {};
  }
  return *exit_;
}

bool RecordingListener::HasReply() const {
  absl::MutexLock lock(&mu_);
  return !replies_.empty();
}

bool RecordingListener::Exited() const {
  absl::MutexLock lock(&mu_);
  return exit_.has_value();
}

class LineRecorder final : public WorkerOutput {
 public:
  explicit LineRecorder(RecordedLines* lines) : lines_(lines) {}
  void OnLine(OutputStream stream, absl::string_view line) override {
    absl::MutexLock lock(&lines_->mu_);
    // Enough for any test; one prints without end.
    if (lines_->lines_.size() > 1000) return;
    lines_->lines_.push_back(absl::StrCat(
        stream == OutputStream::kStdout ? "stdout:" : "stderr:", line));
  }

 private:
  RecordedLines* const lines_;
};

WorkerOutputFactory RecordedLines::Factory() {
  return [this](const WorkerLabel&) {
    return std::make_unique<LineRecorder>(this);
  };
}

std::vector<std::string> RecordedLines::Get() const {
  absl::MutexLock lock(&mu_);
  return lines_;
}

bool RecordedLines::WaitFor(const std::string& line) const {
  absl::MutexLock lock(&mu_);
  const auto there = [this, &line]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
  };
  return mu_.AwaitWithTimeout(absl::Condition(&there), kPatience);
}

WorkerFixture::WorkerFixture() {
  options_.environment = {"PATH=/usr/bin:/bin"};
  options_.output = lines_.Factory();
  options_.instance = "test";
}

WorkerFixture::~WorkerFixture() {
  worker_.reset();
  factory_.reset();
}

void WorkerFixture::SetStartBehaviour(const std::string& behaviour) {
  options_.environment.push_back("FAKE_START=" + behaviour);
}

WorkerSpec WorkerFixture::MakeSpec() {
  auto environment = std::make_shared<Environment>();
  environment->name = "science";
  environment->interpreter.path = ENVKNIT_FAKE_RUNTIME;
  environment->interpreter.version = "3.11.7";
  environment->interpreter.runtime_path = "/opt/runtime/envknit_runtime.so";
  environment->install_paths = {"/opt/numpy"};
  WorkerSpec spec;
  spec.environment = environment;
  spec.epoch = 0x1234'0000'0001;
  spec.start_deadline = absl::Now() + kPatience;
  return spec;
}

absl::StatusOr<std::unique_ptr<Worker>> WorkerFixture::Start(WorkerSpec spec) {
  if (factory_ == nullptr) {
    factory_ = std::make_unique<SubprocessWorkerFactory>(
        options_, SubprocessWorkerFactory::Dependencies{
                      spawner_.get(), loop_.get(), &clock_, &logger_});
  }
  absl::StatusOr<std::unique_ptr<Worker>> result =
      absl::UnknownError("not called");
  absl::Notification done;
  factory_->Start(std::move(spec), &listener_,
                  [&](absl::StatusOr<std::unique_ptr<Worker>> worker) {
                    result = std::move(worker);
                    done.Notify();
                  });
  done.WaitForNotification();
  return result;
}

void WorkerFixture::StartWorker() {
  absl::StatusOr<std::unique_ptr<Worker>> worker = Start(MakeSpec());
  ASSERT_TRUE(worker.ok()) << worker.status();
  worker_ = *std::move(worker);
}

void WorkerFixture::Submit(CallId id, const std::string& body) {
  WorkerCall call;
  call.id = id;
  call.session = 3;
  call.body = body;
  worker_->Submit(std::move(call));
}

WorkerReply WorkerFixture::Run(CallId id, const std::string& body) {
  Submit(id, body);
  return listener_.TakeReply();
}

bool Eventually(const std::function<bool()>& condition) {
  const absl::Time end = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

bool IsAlive(pid_t pid) {
  const absl::optional<ProcessEntry> process = ReadProcess(pid);
  return process.has_value() && !process->zombie;
}

}  // namespace envknit
