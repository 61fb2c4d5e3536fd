#include "server/worker/frame_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"

#include "server/base/real_clock.h"
#include "server/frame/blocking_io.h"

namespace envknit {
namespace {

class FrameChannelTest : public ::testing::Test {
 protected:
  FrameChannelTest() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
    peer_ = UniqueFd(fds[1]);
    channel_ = std::make_unique<FrameChannel>(
        UniqueFd(fds[0]), loop_.get(),
        FrameChannel::Limits{.max_payload = 8 << 20, .max_queued = 4});
  }

  void Start() {
    const absl::Status started = channel_->Start(
        [this](Frame frame) {
          absl::MutexLock lock(&mu_);
          frames_.push_back(std::move(frame.payload));
        },
        [this](absl::Status why) {
          absl::MutexLock lock(&mu_);
          EXPECT_FALSE(end_.has_value());
          end_ = std::move(why);
        });
    ASSERT_TRUE(started.ok());
  }
  absl::Status WaitForEnd() {
    absl::MutexLock lock(&mu_);
    const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return end_.has_value();
    };
    EXPECT_TRUE(
        mu_.AwaitWithTimeout(absl::Condition(&ended), absl::Seconds(20)));
    return end_.value_or(absl::UnknownError("none"));
  }

  RealClock clock_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create(&clock_);
  UniqueFd peer_;
  FrameReader peer_reader_{8 << 20};
  std::unique_ptr<FrameChannel> channel_;

  absl::Mutex mu_;
  std::vector<std::string> frames_ ABSL_GUARDED_BY(mu_);
  absl::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
};

TEST_F(FrameChannelTest, SaysThatThePeerIsGone) {
  Start();
  peer_.reset();
  EXPECT_EQ(channel_->Send({}, "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(WaitForEnd().ok());
}

TEST_F(FrameChannelTest, GarbageEndsItAfterTheFramesBefore) {
  Start();
  ASSERT_TRUE(WriteFrame(peer_.get(), {}, "good").ok());
  const std::string garbage(100, '\xA5');
  ASSERT_EQ(::write(peer_.get(), garbage.data(), 100), 100);
  EXPECT_EQ(WaitForEnd().code(), absl::StatusCode::kInvalidArgument);
  absl::MutexLock lock(&mu_);
  EXPECT_EQ(frames_, std::vector<std::string>{"good"});
}

TEST_F(FrameChannelTest, ACutFrameIsDataLoss) {
  Start();
  const EncodedFrameHeader header = EncodeFrameHeader({.length = 10});
  ASSERT_EQ(::write(peer_.get(), header.data(), header.size()), 48);
  peer_.reset();
  EXPECT_EQ(WaitForEnd().code(), absl::StatusCode::kDataLoss);
}

TEST_F(FrameChannelTest, APeerThatReadsNothingFillsABoundedQueue) {
  Start();
  const std::string large(1 << 20, 'x');
  absl::Status status;
  int sent = 0;
  for (; status.ok() && sent < 100; ++sent) status = channel_->Send({}, large);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(sent, 6);
}

TEST_F(FrameChannelTest, WhatTheSocketDidNotTakeFollowsInOrder) {
  Start();
  const std::string large(2 << 20, 'x');
  for (uint64_t id = 1; id <= 4; ++id) {
    EXPECT_TRUE(channel_->Send({.call_id = id}, large).ok());
  }
  for (uint64_t id = 1; id <= 4; ++id) {
    const Result<std::optional<Frame>> frame =
        ReadFrame(peer_.get(), peer_reader_);
    ASSERT_TRUE(frame.ok() && frame->has_value());
    EXPECT_EQ((*frame)->header.call_id, id);
    EXPECT_EQ((*frame)->payload, large);
  }
}

TEST_F(FrameChannelTest, SmallFramesAreSentWithoutTheLoop) {
  // The loop is busy, and the frame arrives all the same.
  Start();
  absl::Notification blocked;
  // The loop may come to its wait only after this test has ended.
  const auto release = std::make_shared<absl::Notification>();
  loop_->Post([&blocked, release] {
    blocked.Notify();
    release->WaitForNotification();
  });
  blocked.WaitForNotification();
  EXPECT_TRUE(channel_->Send({.call_id = 7}, "small").ok());
  const Result<std::optional<Frame>> frame =
      ReadFrame(peer_.get(), peer_reader_);
  EXPECT_EQ((*frame)->payload, "small");
  release->Notify();
}

}  // namespace
}  // namespace envknit
