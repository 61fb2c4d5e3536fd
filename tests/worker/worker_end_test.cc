// However a worker ends: its listener hears it once and last, and nothing of it
// is left.
#include <dirent.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/process/process_scan.h"
#include "tests/worker/worker_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

class WorkerEndTest : public WorkerFixture {
 protected:
  // Pids of a child in the worker's group, and of one that left its session.
  std::pair<pid_t, pid_t> StartFamily(CallId id) {
    const std::vector<std::string> pids =
        absl::StrSplit(Run(id, "family").body, ' ');
    int member = 0;
    int stranger = 0;
    EXPECT_TRUE(pids.size() == 2 && absl::SimpleAtoi(pids[0], &member) &&
                absl::SimpleAtoi(pids[1], &stranger));
    return {member, stranger};
  }

  static int OpenDescriptors() {
    DIR* const directory = ::opendir("/proc/self/fd");
    int count = 0;
    while (::readdir(directory) != nullptr) ++count;
    ::closedir(directory);
    return count;
  }
  static bool HasZombie() {
    for (const ProcessEntry& process : ListProcesses()) {
      if (process.parent == ::getpid() && process.zombie) return true;
    }
    return false;
  }
};

TEST_F(WorkerEndTest, ACrashIsToldWithItsSignalAfterTheRepliesBefore) {
  StartWorker();
  Submit(1, "echo:still good");
  Submit(2, "print:last words");
  Submit(3, "crash");
  Submit(4, "echo:never read");
  const WorkerExit exit = listener_.TakeExit();
  EXPECT_EQ(exit.signal, SIGSEGV);
  EXPECT_FALSE(exit.exit_code.has_value());
  EXPECT_EQ(exit.stderr_tail, "err last words\n");
  EXPECT_FALSE(exit.protocol_error.has_value());
  EXPECT_EQ(listener_.TakeReply().body, "still good");
  EXPECT_EQ(listener_.TakeReply().id, 2U);
  EXPECT_FALSE(listener_.HasReply());
  EXPECT_EQ(worker_->Progress(3), CallProgress::kRunning);
  EXPECT_EQ(worker_->Progress(4), CallProgress::kNotStarted);
}

TEST_F(WorkerEndTest, AnExitIsToldWithItsCode) {
  StartWorker();
  Submit(1, "exit:42");
  EXPECT_EQ(listener_.TakeExit().exit_code, 42);
}

TEST_F(WorkerEndTest, KillTakesTheGroupAndWhoLeftIt) {
  StartWorker();
  const auto [member, stranger] = StartFamily(1);
  Submit(2, "hang:busy");
  worker_->Kill();
  EXPECT_EQ(listener_.TakeExit().signal, SIGKILL);
  EXPECT_TRUE(Eventually([pid = member] { return !IsAlive(pid); }));
  EXPECT_TRUE(Eventually([pid = stranger] { return !IsAlive(pid); }));
  EXPECT_TRUE(Eventually([] { return !HasZombie(); }));
}

TEST_F(WorkerEndTest, StopLetsItEndByItself) {
  StartWorker();
  Submit(1, "wait_cancel");
  worker_->Stop();
  EXPECT_EQ(listener_.TakeExit().exit_code, 0);
}

TEST_F(WorkerEndTest, StopKillsOneThatDoesNotEnd) {
  options_.stop_timeout = absl::Milliseconds(50);
  StartWorker();
  Submit(1, "hang:busy");
  ASSERT_TRUE(lines_.WaitFor("stdout:busy"));
  worker_->Stop();
  EXPECT_EQ(listener_.TakeExit().signal, SIGKILL);
}

TEST_F(WorkerEndTest, LettingItGoKillsItSilently) {
  StartWorker();
  const pid_t pid = worker_->info().pid;
  Submit(1, "hang:busy");
  worker_.reset();
  EXPECT_TRUE(Eventually([pid] { return !IsAlive(pid); }));
  EXPECT_TRUE(Eventually([] { return !HasZombie(); }));
  EXPECT_FALSE(listener_.Exited());
}

TEST_F(WorkerEndTest, TheStackThatWasAskedForComesWithTheExit) {
  StartWorker();
  Submit(1, "hang:busy");
  ASSERT_TRUE(lines_.WaitFor("stdout:busy"));
  worker_->DumpStack();
  ASSERT_TRUE(lines_.WaitFor("stderr:  File \"slow.py\", line 3 in spin"));
  worker_->Kill();
  EXPECT_EQ(listener_.TakeExit().stack,
            "Current thread 0x00007f (most recent call first):\n"
            "  File \"slow.py\", line 3 in spin\n");
}

TEST_F(WorkerEndTest, EndlessOutputStopsNobody) {
  StartWorker();
  Submit(1, "endless_output");
  ASSERT_TRUE(Eventually([&] { return lines_.Get().size() > 1000; }));
  worker_->Kill();
  EXPECT_EQ(listener_.TakeExit().signal, SIGKILL);
}

TEST_F(WorkerEndTest, MethodsAfterTheEndDoNothing) {
  StartWorker();
  Submit(1, "exit:0");
  listener_.TakeExit();
  Submit(2, "echo:a");
  worker_->Cancel(2);
  worker_->DumpStack();
  worker_->Stop();
  worker_->Kill();
  EXPECT_FALSE(listener_.HasReply());
}

TEST_F(WorkerEndTest, AHundredWorkersLeaveNothing) {
  StartWorker();
  worker_->Kill();
  listener_.TakeExit();
  worker_.reset();
  const int before = OpenDescriptors();
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<std::unique_ptr<Worker>> worker = Start(MakeSpec());
    ASSERT_TRUE(worker.ok()) << worker.status();
  }
  EXPECT_TRUE(Eventually([&] { return OpenDescriptors() <= before; }));
  EXPECT_TRUE(Eventually([] { return !HasZombie(); }));
}

TEST_F(WorkerEndTest, TheFactorysEndEndsStartsThatAreUnderWay) {
  SetStartBehaviour("silent");
  factory_ = std::make_unique<SubprocessWorkerFactory>(
      options_, SubprocessWorkerFactory::Dependencies{
                    spawner_.get(), loop_.get(), &clock_, &logger_});
  bool called = false;
  factory_->Start(MakeSpec(), &listener_, [&](auto) { called = true; });
  factory_.reset();
  spawner_.reset();
  EXPECT_TRUE(Eventually([] { return !HasZombie(); }));
  loop_->Stop();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace envknit
