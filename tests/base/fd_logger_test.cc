#include "server/base/fd_logger.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/unique_fd.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch(); }
};

class FdLoggerTest : public ::testing::Test {
 protected:
  FdLoggerTest() {
    std::array<int, 2> fds = {-1, -1};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    reader_.reset(fds[0]);
    writer_.reset(fds[1]);
  }

  // Closes the writing end and returns all that was written.
  std::string ReadAll() {
    writer_.reset();
    std::string all;
    std::array<char, 4096> buffer;
    ssize_t got = 0;
    while ((got = ::read(reader_.get(), buffer.data(), buffer.size())) > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  FakeClock clock_;
  UniqueFd reader_;
  UniqueFd writer_;
};

TEST_F(FdLoggerTest, SurvivesASinkThatIsGone) {
  std::signal(SIGPIPE, SIG_IGN);
  reader_.reset();
  FdLogger logger(writer_.get(), LogLevel::kDebug, LogFormat::kText, &clock_);
  logger.Error("nobody reads this");
  FdLogger closed(-1, LogLevel::kDebug, LogFormat::kText, &clock_);
  closed.Error("nor this");
}

TEST_F(FdLoggerTest, LeavesOutWhatIsBelowTheLevel) {
  FdLogger logger(writer_.get(), LogLevel::kWarning, LogFormat::kText, &clock_);
  EXPECT_FALSE(logger.Enabled(LogLevel::kInfo));
  EXPECT_TRUE(logger.Enabled(LogLevel::kError));
  logger.Debug("one");
  logger.Info("two");
  logger.Write(LogLevel::kInfo, "three", {});
  logger.Warning("four");
  logger.Error("five");
  const std::string log = ReadAll();
  for (const char* missing : {"one", "two", "three"}) {
    EXPECT_THAT(log, Not(HasSubstr(missing)));
  }
  EXPECT_THAT(log, HasSubstr("WARNING four\n"));
  EXPECT_THAT(log, HasSubstr("ERROR   five\n"));
}

TEST_F(FdLoggerTest, WritesTheChosenFormat) {
  FdLogger logger(writer_.get(), LogLevel::kInfo, LogFormat::kJson, &clock_);
  logger.Info("started", {{"pid", 7}});
  EXPECT_EQ(ReadAll(),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\","
            "\"message\":\"started\",\"pid\":7}\n");
}

// Lines beyond PIPE_BUF through a pipe that is full most of the time, also a
// non-blocking one: the case where the kernel cuts writes.
TEST_F(FdLoggerTest, NeverMixesLinesOfThreads) {
  ASSERT_EQ(::fcntl(writer_.get(), F_SETFL, O_NONBLOCK), 0);
  FdLogger logger(writer_.get(), LogLevel::kInfo, LogFormat::kText, &clock_);
  std::string log;
  std::thread reader([this, &log] {
    std::array<char, 1000> buffer;
    ssize_t got = 0;
    while ((got = ::read(reader_.get(), buffer.data(), buffer.size())) > 0) {
      log.append(buffer.data(), static_cast<std::size_t>(got));
    }
  });
  constexpr int kLines = 20;
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&logger, letter] {
      for (int i = 0; i < kLines; ++i) {
        logger.Info(std::string(20'000, letter));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  writer_.reset();
  reader.join();
  const std::vector<std::string> lines =
      absl::StrSplit(log, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(4 * kLines));
  for (const std::string& line : lines) {
    EXPECT_TRUE(absl::EndsWith(line, std::string(20'000, line.back())));
    EXPECT_EQ(line.size(), lines.front().size());
  }
}

}  // namespace
}  // namespace envknit
