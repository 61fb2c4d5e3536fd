#include "server/base/fd_logger.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/unique_fd.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
    lines_.emplace(writer_.get());
  }

  // Closes the writing ends and returns all that was written.
  std::string ReadAll() {
    writer_.reset();
    lines_.reset();
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
  std::optional<FdWriter> lines_;
};

TEST_F(FdLoggerTest, SurvivesASinkThatIsGone) {
  std::signal(SIGPIPE, SIG_IGN);
  reader_.reset();
  FdLogger logger(&*lines_, LogLevel::kDebug, LogFormat::kText, &clock_);
  logger.Error("nobody reads this");
  FdWriter nowhere(-1);
  FdLogger closed(&nowhere, LogLevel::kDebug, LogFormat::kText, &clock_);
  closed.Error("nor this");
}

TEST_F(FdLoggerTest, LeavesOutWhatIsBelowTheLevel) {
  FdLogger logger(&*lines_, LogLevel::kWarning, LogFormat::kText, &clock_);
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
  FdLogger logger(&*lines_, LogLevel::kInfo, LogFormat::kJson, &clock_);
  logger.Info("started", {{"pid", 7}});
  EXPECT_EQ(ReadAll(),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\","
            "\"message\":\"started\",\"pid\":7}\n");
}

}  // namespace
}  // namespace envknit
