// A daemon that is killed can clean nothing up: its workers must do it, by the
// signal the kernel sends them.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

#include "tests/process/process_fixture.h"

namespace envknit {
namespace {

// Forks a process that spawns `script` as a daemon would, and stays.
pid_t StartDaemon(ShellChild shell) {
  const pid_t daemon = ::fork();
  if (daemon != 0) return daemon;
  std::unique_ptr<Spawner> spawner = *Spawner::Create();
  absl::StatusOr<ChildProcess> child =
      SpawnAndWait(*spawner, std::move(shell.spec));
  ::pause();
  ::_exit(0);
}

void KillDaemon(pid_t daemon) {
  ::kill(daemon, SIGKILL);
  ::waitpid(daemon, nullptr, 0);
}

TEST(DaemonDeathTest, EndsAWorkerThatHasNoHandlerYet) {
  ShellChild shell = MakeShell("echo $$; exec sleep 1000");
  shell.spec.parent_death_signal = SIGRTMIN + 5;
  const int output = shell.output.release();
  const pid_t daemon = StartDaemon(std::move(shell));
  int pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(ReadLine(output), &pid));
  KillDaemon(daemon);
  EXPECT_TRUE(Eventually([&] { return !IsAlive(pid); }));
  ::close(output);
}

TEST(DaemonDeathTest, EndsTheGroupOfAWorkerThatHandlesTheSignal) {
  ShellChild shell = MakeShell(absl::StrCat(
      "trap 'kill -KILL 0' ", SIGRTMIN + 5, "; sleep 1000 & echo $! $$; wait"));
  shell.spec.parent_death_signal = SIGRTMIN + 5;
  const int output = shell.output.release();
  const pid_t daemon = StartDaemon(std::move(shell));
  const std::string line = ReadLine(output);
  KillDaemon(daemon);
  for (const absl::string_view text : absl::StrSplit(line, ' ')) {
    int pid = 0;
    ASSERT_TRUE(absl::SimpleAtoi(text, &pid));
    EXPECT_TRUE(Eventually([&] { return !IsAlive(pid); }, absl::Seconds(1)));
  }
  ::close(output);
}

}  // namespace
}  // namespace envknit
