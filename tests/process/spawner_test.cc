#include "server/process/spawner.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/process/process_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SpawnerTest : public ::testing::Test {
 protected:
  // What `script` prints, run to its end.
  std::string OutputOf(const std::string& script) {
    ShellChild shell = MakeShell(script);
    return OutputOf(std::move(shell));
  }
  std::string OutputOf(ShellChild shell) {
    absl::StatusOr<ChildProcess> child =
        SpawnAndWait(*spawner_, std::move(shell.spec));
    EXPECT_TRUE(child.ok()) << child.status();
    if (!child.ok()) return "";
    std::string output = ReadAll(shell.output.get());
    WaitForEnd(*child);
    return output;
  }

  std::unique_ptr<Spawner> spawner_ = *Spawner::Create();
};

TEST_F(SpawnerTest, SaysWhatIsWrongWithAProgramThatIsNotThere) {
  ShellChild shell = MakeShell("");
  shell.spec.program = "/no/such/python";
  const absl::Status status =
      SpawnAndWait(*spawner_, std::move(shell.spec)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/python"));
  EXPECT_THAT(Zombies(), IsEmpty());
}

TEST_F(SpawnerTest, SaysWhatIsWrongWithAProgramThatMayNotBeRun) {
  ShellChild shell = MakeShell("");
  shell.spec.program = "/etc/passwd";
  EXPECT_EQ(SpawnAndWait(*spawner_, std::move(shell.spec)).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(SpawnerTest, ADaemonStartedInTheBackgroundHandsNoIgnoredSignalDown) {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before = {};
  ASSERT_EQ(::sigaction(SIGINT, &ignore, &before), 0);
  const std::string status =
      OutputOf("grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status");
  ::sigaction(SIGINT, &before, nullptr);
  EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("SigIgn:\t0000000000000000"));
}

TEST_F(SpawnerTest, LeavesTheCallersOwnSignalsAlone) {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before = {};
  ASSERT_EQ(::sigaction(SIGUSR2, &ignore, &before), 0);
  OutputOf("true");
  struct sigaction after = {};
  ::sigaction(SIGUSR2, &before, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
}

TEST_F(SpawnerTest, GivesTheChildItsDescriptorsAndNoOthers) {
  const UniqueFd inheritable(::open("/dev/zero", O_RDONLY));
  ASSERT_TRUE(inheritable.valid());
  // 4 and 3 are swapped, so that one would overwrite the other.
  ShellChild shell = MakeShell(
      "readlink /proc/self/fd/0; readlink /proc/self/fd/3;"
      " readlink /proc/self/fd/4; ls /proc/self/fd | wc -l");
  shell.spec.descriptors.resize(5);
  shell.spec.descriptors[3] = UniqueFd(::open("/proc/version", O_RDONLY));
  shell.spec.descriptors[4] = UniqueFd(::open("/proc/uptime", O_RDONLY));
  // 0 to 4 and the one `ls` reads the folder with.
  EXPECT_EQ(OutputOf(std::move(shell)),
            "/dev/null\n/proc/version\n/proc/uptime\n6\n");
}

TEST_F(SpawnerTest, LeadsASessionOfItsOwnWithoutPrivilegesOrCores) {
  ShellChild shell = MakeShell(
      "cut -d' ' -f5,6 /proc/$$/stat; echo $$ $$;"
      " grep NoNewPrivs /proc/$$/status; ulimit -c;"
      " cat /proc/$$/oom_score_adj");
  shell.spec.oom_score_adj = 345;
  const std::string output = OutputOf(std::move(shell));
  const std::string first = output.substr(0, output.find('\n') + 1);
  EXPECT_EQ(output, first + first + "NoNewPrivs:\t1\n0\n345\n");
}

TEST_F(SpawnerTest, HandsDownTheEnvironmentItWasGivenAndTheTag) {
  ::setenv("ENVKNIT_TEST_SECRET", "x", 1);
  ShellChild shell = MakeShell("/usr/bin/env | sort | grep -v PWD");
  shell.spec.environment = {"A=1"};
  EXPECT_EQ(OutputOf(std::move(shell)),
            "A=1\nENVKNIT_WORKER=tag-of-this-test\n");
}

TEST_F(SpawnerTest, LeaksNothingOverAHundredChildren) {
  OutputOf("true");
  const int before = OpenDescriptors();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(OutputOf("echo hi"), "hi\n");
  // A sweep has one open while it lasts.
  EXPECT_TRUE(Eventually([&] { return OpenDescriptors() <= before; }));
  EXPECT_THAT(Zombies(), IsEmpty());
}

TEST_F(SpawnerTest, ItsEndKillsTheChildrenThatAreLeft) {
  ShellChild shell = MakeShell("echo ready; sleep 1000");
  absl::StatusOr<ChildProcess> child =
      SpawnAndWait(*spawner_, std::move(shell.spec));
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(ReadLine(shell.output.get()), "ready");
  spawner_.reset();
  EXPECT_EQ(WaitForEnd(*child).signal, SIGKILL);
}

}  // namespace
}  // namespace envknit
