#include "server/worker/worker_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/unique_fd.h"
#include "server/worker/echoed_output.h"
#include "server/worker/log_output.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_ = absl::UnixEpoch();
};

class RecordingLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel, absl::string_view message,
             absl::Span<const LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.key(), "=", field.value());
    }
    lines.push_back(std::move(line));
  }

  std::vector<std::string> lines;
};

TEST(LogOutputTest, EndlessOutputIsCutToARateAndTheRestCounted) {
  FakeClock clock;
  RecordingLogger logger;
  {
    LogOutput output({"science", 12}, &logger, &clock);
    for (int i = 0; i < 5000; ++i) output.OnLine(OutputStream::kStdout, "x");
    EXPECT_EQ(logger.lines.size(), 1000U);
    clock.Advance(absl::Seconds(1));
    for (int i = 0; i < 5000; ++i) output.OnLine(OutputStream::kStdout, "x");
    EXPECT_EQ(logger.lines.size(), 1000U + 1 + 200);
    EXPECT_THAT(logger.lines[1000], HasSubstr("lines=4000"));
  }
  EXPECT_THAT(logger.lines.back(), HasSubstr("lines=4800"));
}

TEST(LogOutputTest, TagsLinesWithTheirWorker) {
  FakeClock clock;
  RecordingLogger logger;
  LogOutput output({"science", 12}, &logger, &clock);
  output.OnLine(OutputStream::kStderr, "hello world");
  EXPECT_THAT(logger.lines,
              ElementsAre("worker output environment=science pid=12 "
                          "stream=stderr text=hello world"));
}

class CountingOutput final : public WorkerOutput {
 public:
  explicit CountingOutput(int* lines) : lines_(lines) {}
  void OnLine(OutputStream, absl::string_view) override { ++*lines_; }

 private:
  int* const lines_;
};

TEST(EchoedOutputTest, CopiesLinesAsTheyAre) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  FdWriter writer(write_end.get());
  int passed_on = 0;
  EchoedOutput output(std::make_unique<CountingOutput>(&passed_on), &writer);
  output.OnLine(OutputStream::kStdout, "a\tb");
  output.OnLine(OutputStream::kStderr, "");
  char text[64];
  const ssize_t n = ::read(read_end.get(), text, sizeof(text));
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(n)), "a\tb\n\n");
  EXPECT_EQ(passed_on, 2);
}

}  // namespace
}  // namespace envknit
