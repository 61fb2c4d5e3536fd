#include "server/frame/blocking_io.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace envknit {
namespace {

// Two connected sockets, closed at the end.
class BlockingIoTest : public ::testing::Test {
 protected:
  BlockingIoTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_), 0);
  }
  ~BlockingIoTest() override {
    Close(0);
    Close(1);
  }
  void Close(int side) {
    if (fds_[side] >= 0) ::close(fds_[side]);
    fds_[side] = -1;
  }

  int fds_[2] = {-1, -1};
  FrameReader reader_{8 << 20};
};

TEST_F(BlockingIoTest, WritingToAClosedPeerIsAnErrorWithoutSigpipe) {
  Close(1);
  const Result<void> written = WriteFrame(fds_[0], {}, "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, StatusCode::kUnavailable);
}

TEST_F(BlockingIoTest, ACloseInsideAFrameIsDataLoss) {
  const EncodedFrameHeader header = EncodeFrameHeader({.length = 10});
  ASSERT_EQ(::write(fds_[0], header.data(), header.size()), 48);
  Close(0);
  const Result<std::optional<Frame>> frame = ReadFrame(fds_[1], reader_);
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, StatusCode::kDataLoss);
}

TEST_F(BlockingIoTest, ACloseBetweenFramesIsTheEnd) {
  ASSERT_TRUE(WriteFrame(fds_[0], {.call_id = 1}, "x").ok());
  Close(0);
  Result<std::optional<Frame>> frame = ReadFrame(fds_[1], reader_);
  ASSERT_TRUE(frame.ok() && frame->has_value());
  EXPECT_EQ((*frame)->payload, "x");
  frame = ReadFrame(fds_[1], reader_);
  ASSERT_TRUE(frame.ok());
  EXPECT_FALSE(frame->has_value());
}

TEST_F(BlockingIoTest, ASignalCanEndTheWait) {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> done = false;
  const pthread_t self = ::pthread_self();
  // Until it is heard: a signal that comes before the wait is not.
  std::thread signals([&] {
    while (!done) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::yield();
    }
  });
  const std::function<bool()> stop = [] { return false; };
  const Result<std::optional<Frame>> frame = ReadFrame(fds_[1], reader_, &stop);
  done = true;
  signals.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, StatusCode::kCancelled);
}

// More than a socket takes at once, so that both sides meet partial transfers.
TEST_F(BlockingIoTest, LargeFramesArriveWholeAlsoThroughNonBlockingSockets) {
  const std::string large(5 << 20, 'z');
  for (const bool non_blocking : {false, true}) {
    if (non_blocking) {
      for (const int fd : fds_) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    std::thread writer([&] {
      EXPECT_TRUE(WriteFrame(fds_[0], {.call_id = 1}, large).ok());
      EXPECT_TRUE(WriteFrame(fds_[0], {.call_id = 2}, "").ok());
    });
    Result<std::optional<Frame>> frame = ReadFrame(fds_[1], reader_);
    ASSERT_TRUE(frame.ok() && frame->has_value());
    EXPECT_EQ((*frame)->payload, large);
    frame = ReadFrame(fds_[1], reader_);
    ASSERT_TRUE(frame.ok() && frame->has_value());
    EXPECT_EQ((*frame)->header.call_id, 2U);
    writer.join();
  }
}

}  // namespace
}  // namespace envknit
