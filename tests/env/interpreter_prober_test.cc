#include "server/env/interpreter_prober.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

// Shell scripts stand in for Pythons of any kind.
class SubprocessProberTest : public ::testing::Test {
 protected:
  absl::StatusOr<Interpreter> Probe(
      const std::string& script,
      absl::Duration time_limit = absl::Seconds(30)) {
    SubprocessProber prober(time_limit);
    return prober.Probe(tree_.Executable("python", "#!/bin/sh\n" + script));
  }

  std::string ErrorOf(const std::string& script) {
    const auto interpreter = Probe(script);
    if (interpreter.ok()) return "accepted";
    EXPECT_EQ(interpreter.status().code(),
              absl::StatusCode::kFailedPrecondition);
    return std::string(interpreter.status().message());
  }

  const TemporaryTree tree_;
};

std::string Answer(const std::string& implementation,
                   const std::string& version, const std::string& suffix,
                   const std::string& path) {
  return absl::StrCat("printf 'envknit\\n", implementation, "\\n", version,
                      "\\n", suffix, "\\n", path, "\\n'");
}

TEST_F(SubprocessProberTest, SaysWhatCantBeRun) {
  SubprocessProber prober;
  const auto missing = prober.Probe(tree_.Path("nope"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("can't run"));
  EXPECT_FALSE(prober.Probe(tree_.File("plain", "x")).ok());
  EXPECT_FALSE(prober.Probe(tree_.Executable("garbage")).ok());
}

TEST_F(SubprocessProberTest, RefusesWhatDoesNotAnswerAsAPython) {
  EXPECT_THAT(ErrorOf("echo command not found >&2; exit 127"),
              HasSubstr("it printed: command not found"));
  EXPECT_THAT(ErrorOf("exit 0"), HasSubstr("does not answer"));
  EXPECT_THAT(ErrorOf("echo envknit"), HasSubstr("does not answer"));
  EXPECT_THAT(ErrorOf(Answer("pypy", "3.10.1", ".pypy310-pp73.so", "/x")),
              HasSubstr("is pypy; only CPython is supported"));
  EXPECT_THAT(ErrorOf(Answer("cpython", "three", ".cpython-311-x.so", "/x")),
              HasSubstr("expected a version such as 3.11.7"));
  EXPECT_THAT(ErrorOf(Answer("cpython", "3.11.7", ".so", "/x")),
              HasSubstr("expected an SOABI such as cpython-311"));
  EXPECT_THAT(ErrorOf(Answer("cpython", "3.11.7", ".cpython-312-x.so", "/x")),
              HasSubstr("expected an SOABI such as cpython-311"));
}

TEST_F(SubprocessProberTest, EndlessOutputIsCutOff) {
  EXPECT_THAT(ErrorOf("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"),
              HasSubstr("did not answer"));
}

TEST_F(SubprocessProberTest, KillsWhatDoesNotEndWithAllItStarted) {
  const std::string pids = tree_.Path("pids");
  const auto interpreter =
      Probe(absl::StrCat("sleep 1000 & echo $! >", pids, "; wait"),
            absl::Milliseconds(300));
  ASSERT_FALSE(interpreter.ok());
  EXPECT_THAT(std::string(interpreter.status().message()),
              HasSubstr("within 300ms"));
  pid_t grandchild = 0;
  std::ifstream(pids) >> grandchild;
  if (grandchild == 0) GTEST_SKIP() << "the script was too slow to start one";
  // Reaped by init, soon after it was killed.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  char state = 'R';
  while (absl::Now() < deadline && state != 'Z') {
    std::string word;
    std::ifstream stat(absl::StrCat("/proc/", grandchild, "/stat"));
    if (!(stat >> word >> word >> state)) return;
  }
  EXPECT_EQ(state, 'Z');
}

TEST_F(SubprocessProberTest, ReadsTheAnswer) {
  const auto interpreter =
      Probe(Answer("cpython", "3.13.0", ".cpython-313t-x86_64-linux-gnu.so",
                   "/real/python3.13t"));
  ASSERT_TRUE(interpreter.ok()) << interpreter.status();
  EXPECT_EQ(interpreter->path, "/real/python3.13t");
  EXPECT_EQ(interpreter->version, "3.13.0");
  EXPECT_EQ(interpreter->major, 3);
  EXPECT_EQ(interpreter->minor, 13);
  EXPECT_EQ(interpreter->soabi, "cpython-313t-x86_64-linux-gnu");
  EXPECT_EQ(interpreter->abi_tag, "cpython-313t");
  EXPECT_FALSE(interpreter->has_runtime());
}

TEST_F(SubprocessProberTest, GivesNothingOfOursToTheChild) {
  ::setenv("PYTHONPATH", "/secret", 1);
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const std::string seen = tree_.Path("seen");
  const auto interpreter = Probe(absl::StrCat(
      "{ env; ls /proc/$$/fd; readlink /proc/$$/fd/0; echo args \"$1\" \"$2\" "
      "\"$3\"; } >",
      seen, "; [ -e /proc/$$/fd/", leaked, " ] && echo leaked >>", seen, "; ",
      Answer("cpython", "3.11.7", ".cpython-311-x86_64-linux-gnu.so", "")));
  ::close(leaked);
  ::unsetenv("PYTHONPATH");
  ASSERT_TRUE(interpreter.ok()) << interpreter.status();
  // sys.executable may be empty.
  EXPECT_EQ(interpreter->path, tree_.Path("python"));
  std::ifstream file(seen);
  const std::string text((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  EXPECT_THAT(text, ::testing::Not(HasSubstr("PYTHONPATH")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("leaked")));
  EXPECT_THAT(text, HasSubstr("/dev/null"));
  EXPECT_THAT(text, HasSubstr("args -I -S -c"));
}

TEST(CompleteInterpreterTest, AcceptsSpecialVersions) {
  Interpreter interpreter;
  interpreter.version = "3.14.0b1+";
  interpreter.soabi = "cpython-314-x86_64-linux-gnu";
  ASSERT_TRUE(CompleteInterpreter(interpreter).ok());
  EXPECT_EQ(interpreter.abi_tag, "cpython-314");
  EXPECT_EQ(interpreter.minor, 14);
}

}  // namespace
}  // namespace envknit
