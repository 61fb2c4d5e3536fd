#include "server/worker/output_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/real_clock.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// The test writes, and the pipe is read by Finish() on the loop's thread.
class OutputPipeTest : public ::testing::Test {
 protected:
  OutputPipeTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    write_end_ = UniqueFd(ends[1]);
    pipe_ = std::make_unique<OutputPipe>(
        UniqueFd(ends[0]), loop_.get(), &clock_,
        [this](absl::string_view line) { lines_.emplace_back(line); });
  }
  ~OutputPipeTest() override {
    RunOnLoop([this] { pipe_.reset(); });
  }

  void RunOnLoop(const std::function<void()>& function) {
    absl::Notification done;
    loop_->Post([&] {
      function();
      done.Notify();
    });
    done.WaitForNotification();
  }
  void Write(const std::string& text) {
    ASSERT_EQ(::write(write_end_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  std::vector<std::string> Finish() {
    RunOnLoop([this] { pipe_->Finish(); });
    return lines_;
  }

  RealClock clock_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create(&clock_);
  UniqueFd write_end_;
  std::vector<std::string> lines_;
  std::unique_ptr<OutputPipe> pipe_;
};

TEST_F(OutputPipeTest, ALineWithoutEndIsCut) {
  Write(std::string(3 * OutputPipe::kMaxLineBytes + 5, 'x'));
  EXPECT_THAT(Finish(),
              ElementsAre(SizeIs(OutputPipe::kMaxLineBytes),
                          SizeIs(OutputPipe::kMaxLineBytes),
                          SizeIs(OutputPipe::kMaxLineBytes), SizeIs(5)));
}

TEST_F(OutputPipeTest, ALineOfTheGreatestLengthIsOne) {
  Write(std::string(OutputPipe::kMaxLineBytes, 'x') + "\ny\n");
  EXPECT_THAT(Finish(), SizeIs(::testing::Ge(2U)));
  EXPECT_EQ(lines_.back(), "y");
}

TEST_F(OutputPipeTest, WhatADeadWorkerLeftIsReadWithItsUnfinishedLine) {
  Write("one\n\ntwo\nunfinished");
  EXPECT_THAT(Finish(), ElementsAre("one", "", "two", "unfinished"));
}

TEST_F(OutputPipeTest, LinesComeWhileTheWorkerRunsAndItsEndEndsThem) {
  ASSERT_TRUE(pipe_->Start().ok());
  Write("one\ntw");
  Write("o\nthree");
  write_end_.reset();
  // Reading is over when Finish finds nothing more to do.
  EXPECT_THAT(Finish(), ElementsAre("one", "two", "three"));
}

}  // namespace
}  // namespace envknit
