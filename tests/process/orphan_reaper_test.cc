// User code starts processes of its own. Whatever they did to get away, nothing
// of a worker may be left when it ended, and nothing of others may be touched.
#include "server/process/orphan_reaper.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/process/process_fixture.h"

namespace envknit {
namespace {

using ::testing::IsEmpty;

class OrphanReaperTest : public ::testing::Test {
 protected:
  struct Family {
    ChildProcess leader;
    pid_t escaped;
    UniqueFd output;
  };

  // `script` prints the pid of the process that escaped, then waits.
  Family Start(const std::string& script, const std::string& tag) {
    ShellChild shell = MakeShell(script);
    shell.spec.tag = tag;
    absl::StatusOr<ChildProcess> child =
        SpawnAndWait(*spawner_, std::move(shell.spec));
    EXPECT_TRUE(child.ok());
    int pid = 0;
    EXPECT_TRUE(absl::SimpleAtoi(ReadLine(shell.output.get()), &pid));
    return {*std::move(child), pid, std::move(shell.output)};
  }

  void Kill(Family& family) {
    family.leader.KillGroup();
    WaitForEnd(family.leader);
  }

  std::unique_ptr<Spawner> spawner_ = *Spawner::Create();
};

constexpr char kOwnSession[] = "setsid sh -c 'echo $$; exec sleep 1000' & wait";
constexpr char kDaemonized[] =
    "(setsid sh -c 'echo $$; exec sleep 1000' &) ; sleep 1000";
constexpr char kWholeTree[] =
    "setsid sh -c '(setsid sh -c \"echo \\$\\$; sleep 1000\") & wait' & wait";
// Its environment reads as empty each time it is between two programs.
constexpr char kKeepsReplacingItself[] =
    "export AGAIN='exec sh -c \"$AGAIN\"';"
    "setsid sh -c 'echo $$; exec sh -c \"$AGAIN\"' & wait";

class Escape : public OrphanReaperTest,
               public ::testing::WithParamInterface<const char*> {};

TEST_P(Escape, EndsWithItsWorker) {
  Family family = Start(GetParam(), "worker-1");
  ASSERT_TRUE(IsAlive(family.escaped));
  Kill(family);
  EXPECT_TRUE(Eventually([&] { return !IsAlive(family.escaped); }));
  EXPECT_TRUE(Eventually([] { return Zombies().empty(); }));
}

INSTANTIATE_TEST_SUITE_P(Table, Escape,
                         ::testing::Values(kOwnSession, kDaemonized, kWholeTree,
                                           kKeepsReplacingItself));

TEST_F(OrphanReaperTest, AnotherWorkersOrphansAreLeftAlone) {
  Family dies = Start(kOwnSession, "worker-1");
  Family lives = Start(kDaemonized, "worker-2");
  Kill(dies);
  ASSERT_TRUE(Eventually([&] { return !IsAlive(dies.escaped); }));
  EXPECT_TRUE(IsAlive(lives.escaped));
  EXPECT_TRUE(IsAlive(lives.leader.pid()));
}

TEST_F(OrphanReaperTest, OrphansThatEndByThemselvesAreReaped) {
  Family family = Start(kDaemonized, "worker-1");
  ::kill(family.escaped, SIGKILL);
  EXPECT_TRUE(Eventually([] { return Zombies().empty(); }));
  EXPECT_TRUE(IsAlive(family.leader.pid()));
}

TEST_F(OrphanReaperTest, TheEndOfTheSpawnerLeavesNobody) {
  Family family = Start(kDaemonized, "worker-1");
  spawner_.reset();
  EXPECT_FALSE(IsAlive(family.escaped));
}

TEST_F(OrphanReaperTest, NeverTakesTheStatusOfAChildSomebodyElseStarted) {
  const pid_t own = ::fork();
  if (own == 0) ::_exit(5);
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, own, &info, WEXITED | WNOWAIT), 0);
  Family family = Start(kOwnSession, "worker-1");
  Kill(family);
  ASSERT_TRUE(Eventually([&] { return !IsAlive(family.escaped); }));
  int status = 0;
  EXPECT_EQ(::waitpid(own, &status, 0), own);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST_F(OrphanReaperTest, NeverTakesTheStatusOfAKnownChild) {
  // Ended, but its owner hasn't looked yet.
  Family waits = Start("echo 1", "worker-2");
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, waits.leader.pid(), &info, WEXITED | WNOWAIT), 0);
  Family family = Start(kOwnSession, "worker-1");
  Kill(family);
  ASSERT_TRUE(Eventually([&] { return !IsAlive(family.escaped); }));
  EXPECT_EQ(WaitForEnd(waits.leader).code, 0);
}

}  // namespace
}  // namespace envknit
