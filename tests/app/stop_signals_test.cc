#include "server/app/stop_signals.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "gtest/gtest.h"

#include "server/base/real_clock.h"

namespace envknit {
namespace {

class StopSignalsTest : public testing::Test {
 protected:
  StopSignalsTest() {
    StopSignals::Block();
    auto loop = EventLoop::Create(&clock_);
    EXPECT_TRUE(loop.ok());
    loop_ = *std::move(loop);
    auto stop = StopSignals::Create(loop_.get());
    EXPECT_TRUE(stop.ok());
    stop_ = *std::move(stop);
  }

  RealClock clock_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<StopSignals> stop_;
};

TEST_F(StopSignalsTest, TermEndsTheWait) {
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(stop_->Wait(), "SIGTERM");
}

TEST_F(StopSignalsTest, InterruptEndsTheWait) {
  ::kill(::getpid(), SIGINT);
  EXPECT_EQ(stop_->Wait(), "SIGINT");
}

TEST_F(StopSignalsTest, RequestEndsTheWaitOfAnotherThread) {
  std::thread requester([this] { stop_->RequestStop("its client is gone"); });
  EXPECT_EQ(stop_->Wait(), "its client is gone");
  requester.join();
}

TEST_F(StopSignalsTest, FirstReasonStays) {
  stop_->RequestStop("first");
  stop_->RequestStop("second");
  EXPECT_EQ(stop_->Wait(), "first");
}

}  // namespace
}  // namespace envknit
