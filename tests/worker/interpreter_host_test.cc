// Interpreters in shared hosts: how they start, run and close, which host they
// get, and when a host ends.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/worker/host_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

using InterpreterHostTest = HostFixture;

ErrorReason ReasonOf(const absl::Status& status) {
  return GetErrorDetail(status).value().reason;
}

TEST_F(InterpreterHostTest, InterpretersOfAllEnvironmentsShareAHost) {
  TestInterpreter one = Open("one");
  TestInterpreter two = Open("two");
  EXPECT_EQ(one.pid(), two.pid());
  EXPECT_EQ(one.Run("pid").body, std::to_string(one.pid()));
  EXPECT_EQ(one.Run("epoch").body, std::to_string(one.worker->info().epoch));
  EXPECT_EQ(two.Run("epoch").body, std::to_string(two.worker->info().epoch));
  EXPECT_EQ(two.worker->info().python, "3.13.0");
}

TEST_F(InterpreterHostTest, CallsOfOneDontWaitForAnothers) {
  TestInterpreter busy = Open();
  TestInterpreter other = Open();
  busy.Submit("wait_cancel");
  ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
  EXPECT_EQ(other.Run("echo:hi").body, "hi");
  EXPECT_EQ(busy.worker->Progress(1), CallProgress::kRunning);
  busy.worker->Cancel(1);
  const WorkerReply reply = busy.listener->TakeReply();
  EXPECT_TRUE(reply.interrupted);
  EXPECT_EQ(reply.body, "interrupted");
}

TEST_F(InterpreterHostTest, TheNinthGetsAnotherHost) {
  std::vector<TestInterpreter> opened = OpenMany(9);
  for (int i = 1; i < 8; ++i) EXPECT_EQ(opened[i].pid(), opened[0].pid());
  EXPECT_NE(opened[8].pid(), opened[0].pid());
  // One leaves, and its place is taken.
  opened[3].worker->Stop();
  EXPECT_EQ(opened[3].listener->TakeExit().exit_code, 0);
  EXPECT_EQ(Open().pid(), opened[0].pid());
}

TEST_F(InterpreterHostTest, StoppingEndsOneInterpreterOnly) {
  TestInterpreter one = Open();
  TestInterpreter other = Open();
  one.Submit("wait_cancel");
  ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
  one.worker->Stop();
  EXPECT_EQ(one.listener->TakeReply().body, "interrupted");
  const WorkerExit exit = one.listener->TakeExit();
  EXPECT_EQ(exit.exit_code, 0);
  EXPECT_FALSE(exit.collateral);
  // It is gone: the host is not killed for it.
  one.worker->Kill();
  EXPECT_EQ(other.Run("echo:here").body, "here");
  EXPECT_TRUE(IsAlive(other.pid()));
}

TEST_F(InterpreterHostTest, LettingAWorkerGoClosesItsInterpreter) {
  options_.closed_per_host = 1;
  TestInterpreter one = Open();
  const int pid = one.pid();
  one.worker.reset();
  EXPECT_TRUE(Eventually([pid] { return !IsAlive(pid); }));
  EXPECT_FALSE(one.listener->Exited());
}

TEST_F(InterpreterHostTest, AWornOutHostIsReplacedAndEndsWithItsLast) {
  options_.closed_per_host = 2;
  TestInterpreter survivor = Open();
  const int old = survivor.pid();
  for (int i = 0; i < 2; ++i) {
    TestInterpreter brief = Open();
    EXPECT_EQ(brief.pid(), old);
    brief.worker->Stop();
    brief.listener->TakeExit();
  }
  TestInterpreter next = Open();
  EXPECT_NE(next.pid(), old);
  EXPECT_EQ(survivor.Run("echo:still here").body, "still here");
  survivor.worker->Stop();
  survivor.listener->TakeExit();
  EXPECT_TRUE(Eventually([old] { return !IsAlive(old); }));
  EXPECT_EQ(next.Run("echo:me too").body, "me too");
}

TEST_F(InterpreterHostTest, AHostThatAsksForItIsReplaced) {
  TestInterpreter survivor = Open();
  TestInterpreter leaves_a_thread = Open("retires");
  leaves_a_thread.worker->Stop();
  leaves_a_thread.listener->TakeExit();
  EXPECT_NE(Open().pid(), survivor.pid());
}

TEST_F(InterpreterHostTest, AHostThatHasGrownIsReplaced) {
  options_.resident_bytes_per_host = int64_t{64} << 20;
  TestInterpreter big = Open();
  EXPECT_EQ(Open().pid(), big.pid());
  big.Run("grow:80");
  EXPECT_NE(Open().pid(), big.pid());
}

TEST_F(InterpreterHostTest, AnEmptyHostStaysAWhile) {
  options_.idle_timeout = absl::Milliseconds(300);
  TestInterpreter first = Open();
  const int pid = first.pid();
  first.worker->Stop();
  first.listener->TakeExit();
  TestInterpreter second = Open();
  EXPECT_EQ(second.pid(), pid);
  // The timer of the first emptiness ends nobody's work.
  absl::SleepFor(absl::Milliseconds(350));
  EXPECT_EQ(second.Run("echo:alive").body, "alive");
  second.worker->Stop();
  second.listener->TakeExit();
  EXPECT_TRUE(Eventually([pid] { return !IsAlive(pid); }));
}

TEST_F(InterpreterHostTest, ARefusedInterpreterLeavesTheHostAlone) {
  TestInterpreter other = Open();
  const absl::StatusOr<TestInterpreter> refused = TryOpen("refused");
  EXPECT_EQ(ReasonOf(refused.status()), ErrorReason::kEnvNotInstalled);
  EXPECT_EQ(other.Run("echo:fine").body, "fine");
}

TEST_F(InterpreterHostTest, AShortStartTimeoutTakesTheHostFromNobody) {
  TestInterpreter other = Open();
  WorkerSpec spec = MakeSpec("stuck");
  spec.start_deadline = absl::Now() + absl::Milliseconds(30);
  const absl::StatusOr<TestInterpreter> late = TryOpen(std::move(spec));
  EXPECT_EQ(ReasonOf(late.status()), ErrorReason::kWorkerUnavailable);
  EXPECT_THAT(std::string(late.status().message()), HasSubstr("no READY"));
  EXPECT_EQ(other.Run("echo:fine").body, "fine");
}

TEST_F(InterpreterHostTest, OneThatComesTooLateIsClosedAndNobodyHearsOfIt) {
  options_.closed_per_host = 1;
  TestInterpreter other = Open();
  WorkerSpec spec = MakeSpec("late");
  spec.start_deadline = absl::Now() + absl::Milliseconds(30);
  RecordingListener listener;
  absl::Notification failed;
  factory_->Start(std::move(spec), &listener,
                  [&failed](absl::StatusOr<std::unique_ptr<Worker>> worker) {
                    EXPECT_FALSE(worker.ok());
                    failed.Notify();
                  });
  failed.WaitForNotification();
  other.Run("open_late");
  // When it is closed, its host is worn out.
  EXPECT_TRUE(Eventually([&] { return Open().pid() != other.pid(); }));
  EXPECT_FALSE(listener.Exited());
  EXPECT_EQ(other.Run("echo:fine").body, "fine");
}

TEST_F(InterpreterHostTest, AHostThatNeverOpensOneIsKilled) {
  options_.process.ready_timeout = absl::Milliseconds(200);
  TestInterpreter other = Open();
  const absl::StatusOr<TestInterpreter> stuck = TryOpen("stuck");
  EXPECT_THAT(std::string(stuck.status().message()),
              HasSubstr("did not answer OPEN_INTERPRETER"));
  EXPECT_TRUE(other.listener->TakeExit().collateral);
}

struct BadStart {
  const char* behaviour;
  ErrorReason reason;
  const char* text;
};

TEST_F(InterpreterHostTest, StartsThatFailSayWhy) {
  options_.process.hello_timeout = absl::Milliseconds(200);
  const BadStart starts[] = {
      {"silent", ErrorReason::kWorkerUnavailable, "no HELLO"},
      {"exit", ErrorReason::kWorkerUnavailable, "exit code 6"},
      {"start_failed", ErrorReason::kRuntimeNotAvailable, "this build"}};
  for (const BadStart& start : starts) {
    factory_.reset();
    options_.process.environment = {std::string("FAKE_START=") +
                                    start.behaviour};
    const absl::StatusOr<TestInterpreter> failed = TryOpen();
    ASSERT_FALSE(failed.ok()) << start.behaviour;
    EXPECT_EQ(ReasonOf(failed.status()), start.reason) << failed.status();
    EXPECT_THAT(std::string(failed.status().message()), HasSubstr(start.text));
  }
  factory_.reset();
  WorkerSpec spec = MakeSpec("science");
  auto elsewhere = std::make_shared<Environment>(*spec.environment);
  elsewhere->interpreter.path = "/nowhere/python";
  spec.environment = elsewhere;
  EXPECT_EQ(ReasonOf(TryOpen(std::move(spec)).status()),
            ErrorReason::kInterpreterNotFound);
}

TEST_F(InterpreterHostTest, NothingIsLeftWhenTheFactoryGoes) {
  std::vector<TestInterpreter> opened = OpenMany(9);
  const int first = opened[0].pid();
  const int second = opened[8].pid();
  opened[0].Submit("hang");
  ASSERT_TRUE(lines_.WaitFor("stdout:busy"));
  opened.clear();
  factory_.reset();
  EXPECT_FALSE(IsAlive(first));
  EXPECT_FALSE(IsAlive(second));
}

}  // namespace
}  // namespace envknit
