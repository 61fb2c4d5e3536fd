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

class EchoedOutputTest : public ::testing::Test {
 protected:
  EchoedOutputTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end_ = UniqueFd(ends[0]);
    write_end_ = UniqueFd(ends[1]);
    output_ = std::make_unique<EchoedOutput>(
        std::make_unique<CountingOutput>(&passed_on_), write_end_.get());
  }
  std::string Read() {
    std::string text(1 << 20, '\0');
    const ssize_t n = ::read(read_end_.get(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

  int passed_on_ = 0;
  UniqueFd read_end_;
  UniqueFd write_end_;
  std::unique_ptr<EchoedOutput> output_;
};

TEST_F(EchoedOutputTest, NeverWaitsForAReaderAndSaysWhatIsMissing) {
  const std::string line(1000, 'x');
  for (int i = 0; i < 1000; ++i) output_->OnLine(OutputStream::kStdout, line);
  EXPECT_EQ(passed_on_, 1000);
  Read();
  output_->OnLine(OutputStream::kStdout, "again");
  EXPECT_THAT(Read(), ::testing::MatchesRegex(
                          "\\[envknit: [0-9]+ lines dropped\\]\nagain\n"));
}

TEST_F(EchoedOutputTest, CopiesLinesAsTheyAre) {
  output_->OnLine(OutputStream::kStdout, "a\tb");
  output_->OnLine(OutputStream::kStderr, "");
  EXPECT_EQ(Read(), "a\tb\n\n");
  EXPECT_EQ(passed_on_, 2);
}

}  // namespace
}  // namespace envknit
