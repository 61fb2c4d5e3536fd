#include "server/env/interpreter_prober.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

#include "server/base/unique_fd.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxOutput = 16 * 1024;

// sysconfig would give SOABI too, but loads files and costs several
// milliseconds; the built-in _imp knows the same.
constexpr char kQuestion[] =
    "import sys, _imp\n"
    "print('envknit', sys.implementation.name, sys.version.split()[0],\n"
    "      _imp.extension_suffixes()[0], sys.executable, sep='\\n')\n";
constexpr std::size_t kAnswerLines = 5;

// Spawns `path` in a process group of its own with stdout and stderr on
// `output`. Attributes and actions are freed in any case.
int Spawn(const std::string& path, int output, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                              POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
  // Wrapper scripts (pyenv's) need PATH and HOME; Python itself nothing.
  std::vector<std::string> kept;
  for (const char* name : {"PATH", "HOME"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr) kept.push_back(absl::StrCat(name, "=", value));
  }
  std::vector<char*> environment;
  environment.reserve(kept.size() + 1);
  for (std::string& entry : kept) environment.push_back(entry.data());
  environment.push_back(nullptr);
  std::array<std::string, 5> words = {path, "-I", "-S", "-c", kQuestion};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int error = ::posix_spawn(pid, path.c_str(), &actions, &attributes,
                                  arguments.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

// Reads until the end, the deadline or too much; false for the latter two.
bool ReadUntil(int fd, absl::Time deadline, std::string& output) {
  std::array<char, 4096> buffer;
  while (output.size() <= kMaxOutput) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    struct pollfd readable = {fd, POLLIN, 0};
    const int ready = ::poll(
        &readable, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return false;
}

// Kills the whole group and collects the child.
void End(pid_t pid) {
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<Interpreter> ReadAnswer(const std::string& path,
                                       const std::string& output) {
  const std::vector<std::string> lines = absl::StrSplit(output, '\n');
  if (lines.size() <= kAnswerLines || lines[0] != "envknit") {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " does not answer as a Python does; it printed: ",
        absl::StripAsciiWhitespace(absl::string_view(output).substr(0, 200))));
  }
  if (lines[1] != "cpython") {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is ", lines[1], "; only CPython is supported"));
  }
  Interpreter interpreter;
  interpreter.version = lines[2];
  // ".cpython-311-x86_64-linux-gnu.so"
  const std::vector<std::string> suffix = absl::StrSplit(lines[3], '.');
  if (suffix.size() == 3) interpreter.soabi = suffix[1];
  interpreter.path = absl::StartsWith(lines[4], "/") ? lines[4] : path;
  absl::Status status = CompleteInterpreter(interpreter);
  if (!status.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is not a Python that can be used: ", status.message()));
  }
  return interpreter;
}

}  // namespace

absl::Status CompleteInterpreter(Interpreter& interpreter) {
  const std::vector<absl::string_view> numbers =
      absl::StrSplit(interpreter.version, '.');
  if (numbers.size() < 3 || numbers[2].empty() ||
      !absl::ascii_isdigit(static_cast<unsigned char>(numbers[2].front())) ||
      !absl::SimpleAtoi(numbers[0], &interpreter.major) ||
      !absl::SimpleAtoi(numbers[1], &interpreter.minor) ||
      interpreter.major < 0 || interpreter.minor < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a version such as 3.11.7, found \"",
                     interpreter.version, "\""));
  }
  const std::vector<absl::string_view> parts =
      absl::StrSplit(interpreter.soabi, '-');
  if (parts.size() < 2 || parts[0] != "cpython" ||
      !absl::StartsWith(parts[1],
                        absl::StrCat(interpreter.major, interpreter.minor))) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an SOABI such as cpython-", interpreter.major,
                     interpreter.minor, "-x86_64-linux-gnu, found \"",
                     interpreter.soabi, "\""));
  }
  interpreter.abi_tag = absl::StrCat(parts[0], "-", parts[1]);
  return absl::OkStatus();
}

absl::StatusOr<Interpreter> SubprocessProber::Probe(const std::string& path) {
  std::array<int, 2> fds = {-1, -1};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "pipe for asking an interpreter");
  }
  const UniqueFd reader(fds[0]);
  UniqueFd writer(fds[1]);
  pid_t pid = -1;
  const int error = Spawn(path, writer.get(), &pid);
  if (error != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "can't run ", path, ": ", absl::ErrnoToStatus(error, "").message()));
  }
  writer.reset();
  std::string output;
  const bool ended = ReadUntil(reader.get(), absl::Now() + time_limit_, output);
  End(pid);
  if (!ended) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " did not answer as a Python does within ",
                     absl::FormatDuration(time_limit_)));
  }
  return ReadAnswer(path, output);
}

}  // namespace envknit
