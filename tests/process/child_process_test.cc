#include "server/process/child_process.h"

#include <unistd.h>

#include <csignal>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/process/process_fixture.h"

namespace envknit {
namespace {

using ::testing::IsEmpty;

class ChildProcessTest : public ::testing::Test {
 protected:
  ChildProcess Start(const std::string& script) {
    ShellChild shell = MakeShell(script);
    output_ = std::move(shell.output);
    return *SpawnAndWait(*spawner_, std::move(shell.spec));
  }
  pid_t ReadPid() {
    int pid = 0;
    EXPECT_TRUE(absl::SimpleAtoi(ReadLine(output_.get()), &pid));
    return pid;
  }

  std::unique_ptr<Spawner> spawner_ = *Spawner::Create();
  UniqueFd output_;
};

TEST_F(ChildProcessTest, TellsItsExitCodeOnce) {
  ChildProcess child = Start("exit 7");
  const ExitStatus status = WaitForEnd(child);
  EXPECT_EQ(status.code, 7);
  EXPECT_FALSE(status.signal.has_value());
  EXPECT_EQ(DescribeExit(status), "exit code 7");
  EXPECT_FALSE(child.TryReap().has_value());
  EXPECT_THAT(Zombies(), IsEmpty());
}

TEST_F(ChildProcessTest, TellsTheSignalThatEndedIt) {
  ChildProcess child = Start("kill -SEGV $$");
  const ExitStatus status = WaitForEnd(child);
  EXPECT_EQ(status.signal, SIGSEGV);
  EXPECT_EQ(DescribeExit(status), "signal 11 (Segmentation fault)");
}

TEST_F(ChildProcessTest, HasNoStatusWhileItLives) {
  ChildProcess child = Start("sleep 1000");
  EXPECT_FALSE(child.TryReap().has_value());
  EXPECT_FALSE(child.reaped());
}

TEST_F(ChildProcessTest, KillsTheWholeGroupAlsoMembersThatIgnoreSignals) {
  ChildProcess child =
      Start("trap '' TERM INT HUP; sleep 1000 & echo $!; wait");
  const pid_t member = ReadPid();
  child.KillGroup();
  EXPECT_EQ(WaitForEnd(child).signal, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return !IsAlive(member); }));
}

TEST_F(ChildProcessTest, TakesItsGroupWithItWhenTheLeaderEndsByItself) {
  ChildProcess child = Start("sleep 1000 & echo $!");
  const pid_t member = ReadPid();
  EXPECT_EQ(WaitForEnd(child).code, 0);
  EXPECT_TRUE(Eventually([&] { return !IsAlive(member); }));
}

TEST_F(ChildProcessTest, GoesWithItsOwner) {
  pid_t pid = 0;
  {
    const ChildProcess child = Start("echo ready; sleep 1000");
    pid = child.pid();
    ReadLine(output_.get());
    EXPECT_TRUE(IsAlive(pid));
  }
  EXPECT_FALSE(IsAlive(pid));
  // The shell's own child becomes ours first.
  EXPECT_TRUE(Eventually([] { return Zombies().empty(); }));
}

TEST_F(ChildProcessTest, AMovedFromOneKillsNothing) {
  ChildProcess child = Start("echo ready; sleep 1000");
  ReadLine(output_.get());
  {
    ChildProcess other = std::move(child);
    child = std::move(other);
  }
  EXPECT_TRUE(IsAlive(child.pid()));
}

TEST_F(ChildProcessTest, SignalsReachTheProcessAlone) {
  ChildProcess child = Start(
      "sh -c 'trap \"\" USR1; echo up; sleep 1000' &"
      " trap 'exit 3' USR1; wait");
  ReadLine(output_.get());
  child.Signal(SIGUSR1);
  EXPECT_EQ(WaitForEnd(child).code, 3);
}

}  // namespace
}  // namespace envknit
