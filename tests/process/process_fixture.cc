#include "tests/process/process_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

#include "server/process/process_scan.h"

namespace envknit {

ShellChild MakeShell(const std::string& script) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ShellChild shell;
  shell.output = UniqueFd(ends[0]);
  shell.spec.program = "/bin/sh";
  shell.spec.arguments = {"-c", script};
  shell.spec.environment = {"PATH=/usr/bin:/bin"};
  shell.spec.tag = "tag-of-this-test";
  shell.spec.descriptors.resize(3);
  shell.spec.descriptors[1] = UniqueFd(ends[1]);
  return shell;
}

absl::StatusOr<ChildProcess> SpawnAndWait(Spawner& spawner, SpawnSpec spec) {
  absl::StatusOr<ChildProcess> result = absl::UnknownError("not called");
  absl::Notification done;
  spawner.Spawn(std::move(spec), [&](absl::StatusOr<ChildProcess> child) {
    result = std::move(child);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

ExitStatus WaitForEnd(ChildProcess& child, absl::Duration limit) {
  struct pollfd ended = {child.pidfd(), POLLIN, 0};
  const int ready =
      ::poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(limit)));
  EXPECT_EQ(ready, 1) << "still running after " << limit;
  if (ready != 1) {
    child.KillGroup();
    ::poll(&ended, 1, -1);
  }
  const absl::optional<ExitStatus> status = child.TryReap();
  EXPECT_TRUE(status.has_value());
  return status.value_or(ExitStatus());
}

std::string ReadLine(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::string ReadAll(int fd) {
  std::string all;
  char buffer[4096];
  ssize_t n;
  while ((n = ::read(fd, buffer, sizeof(buffer))) > 0) {
    all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

bool Eventually(const std::function<bool()>& condition, absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
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

std::vector<pid_t> Zombies() {
  std::vector<pid_t> zombies;
  for (const ProcessEntry& process : ListProcesses()) {
    if (process.parent == ::getpid() && process.zombie) {
      zombies.push_back(process.pid);
    }
  }
  return zombies;
}

int OpenDescriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  int count = 0;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

}  // namespace envknit
