#include "server/base/event_loop.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/real_clock.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Pipe {
  Pipe() {
    std::array<int, 2> fds = {-1, -1};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader.reset(fds[0]);
    writer.reset(fds[1]);
  }
  void Write() { EXPECT_EQ(::write(writer.get(), "x", 1), 1); }
  void Read() {
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
  }
  UniqueFd reader;
  UniqueFd writer;
};

class EventLoopTest : public ::testing::Test {
 protected:
  EventLoopTest() : loop_(*EventLoop::Create(&clock_)) {}

  // Returns when everything posted so far has run.
  void Drain() {
    absl::Notification done;
    loop_->Post([&done] { done.Notify(); });
    done.WaitForNotification();
  }

  RealClock clock_;
  std::unique_ptr<EventLoop> loop_;
};

TEST_F(EventLoopTest, RefusesDescriptorsItCantWatch) {
  EXPECT_FALSE(loop_->Watch(-1, EPOLLIN, [](uint32_t) {}).ok());
  EXPECT_EQ(loop_->SetEvents(12345, EPOLLIN).code(),
            absl::StatusCode::kNotFound);
  loop_->Unwatch(12345);
  Pipe pipe;
  ASSERT_TRUE(loop_->Watch(pipe.reader.get(), EPOLLIN, [](uint32_t) {}).ok());
  EXPECT_EQ(loop_->Watch(pipe.reader.get(), EPOLLIN, [](uint32_t) {}).code(),
            absl::StatusCode::kAlreadyExists);
  loop_->Unwatch(pipe.reader.get());
}

TEST_F(EventLoopTest, DropsWhatComesAfterStop) {
  auto owned = std::make_shared<int>(1);
  loop_->Stop();
  loop_->Post([owned] { ADD_FAILURE(); });
  loop_->RunAt(clock_.Now(), [owned] { ADD_FAILURE(); });
  EXPECT_EQ(owned.use_count(), 1);
  loop_->Stop();
}

TEST_F(EventLoopTest, StopRunsWhatWasPostedAndDropsTimers) {
  auto owned = std::make_shared<int>(1);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) loop_->Post([&ran] { ++ran; });
  loop_->RunAt(absl::InfiniteFuture(), [owned] { ADD_FAILURE(); });
  loop_->Stop();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(EventLoopTest, MayBeStoppedFromACallback) {
  absl::Notification stopped;
  loop_->Post([this, &stopped] {
    loop_->Stop();
    stopped.Notify();
  });
  stopped.WaitForNotification();
  loop_.reset();
}

TEST_F(EventLoopTest, RunsPostedFunctionsInOrderOnItsThread) {
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    loop_->Post([this, i, &order] {
      EXPECT_TRUE(loop_->OnLoopThread());
      order.push_back(i);
    });
  }
  Drain();
  EXPECT_FALSE(loop_->OnLoopThread());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(EventLoopTest, PostsFromCallbacksRunWithoutAnyoneWakingIt) {
  absl::Notification done;
  loop_->Post([this, &done] { loop_->Post([&done] { done.Notify(); }); });
  done.WaitForNotification();
}

TEST_F(EventLoopTest, LosesNoPostOfManyThreads) {
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, &ran] {
      for (int i = 0; i < 5000; ++i) loop_->Post([&ran] { ++ran; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  Drain();
  EXPECT_EQ(ran, 20000);
}

TEST_F(EventLoopTest, CallsBackWhenADescriptorIsReady) {
  Pipe pipe;
  absl::Notification ready;
  ASSERT_TRUE(loop_
                  ->Watch(pipe.reader.get(), EPOLLIN,
                          [&](uint32_t events) {
                            EXPECT_TRUE(events & EPOLLIN);
                            EXPECT_TRUE(loop_->OnLoopThread());
                            pipe.Read();
                            ready.Notify();
                          })
                  .ok());
  pipe.Write();
  ready.WaitForNotification();
  loop_->Unwatch(pipe.reader.get());
}

TEST_F(EventLoopTest, TellsOfTheOtherEndsDeath) {
  Pipe pipe;
  absl::Notification hangup;
  ASSERT_TRUE(loop_
                  ->Watch(pipe.reader.get(), 0,
                          [&](uint32_t events) {
                            EXPECT_TRUE(events & EPOLLHUP);
                            loop_->Unwatch(pipe.reader.get());
                            hangup.Notify();
                          })
                  .ok());
  pipe.writer.reset();
  hangup.WaitForNotification();
}

TEST_F(EventLoopTest, SetEventsStartsAndEndsInterest) {
  Pipe pipe;
  absl::Notification writable;
  ASSERT_TRUE(loop_
                  ->Watch(pipe.writer.get(), 0,
                          [&](uint32_t) {
                            EXPECT_TRUE(
                                loop_->SetEvents(pipe.writer.get(), 0).ok());
                            writable.Notify();
                          })
                  .ok());
  Drain();
  EXPECT_FALSE(writable.HasBeenNotified());
  ASSERT_TRUE(loop_->SetEvents(pipe.writer.get(), EPOLLOUT).ok());
  writable.WaitForNotification();
  // A second call would notify twice, which aborts.
  Drain();
  loop_->Unwatch(pipe.writer.get());
}

// Two descriptors ready in one epoll_wait, the first callback ends both
// watches: the second event is already in the loop's hands and must not be
// delivered.
TEST_F(EventLoopTest, NoCallbackAfterUnwatchOnTheLoopThread) {
  Pipe first;
  Pipe second;
  int calls = 0;
  const auto callback = [&](uint32_t) {
    ++calls;
    loop_->Unwatch(first.reader.get());
    loop_->Unwatch(second.reader.get());
  };
  first.Write();
  second.Write();
  absl::Notification watched;
  loop_->Post([&] {
    EXPECT_TRUE(loop_->Watch(first.reader.get(), EPOLLIN, callback).ok());
    EXPECT_TRUE(loop_->Watch(second.reader.get(), EPOLLIN, callback).ok());
    watched.Notify();
  });
  watched.WaitForNotification();
  Drain();
  Drain();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, UnwatchFromAnotherThreadWaitsForARunningCallback) {
  Pipe pipe;
  absl::Notification entered;
  absl::Notification leave;
  std::atomic<bool> left = false;
  ASSERT_TRUE(loop_
                  ->Watch(pipe.reader.get(), EPOLLIN,
                          [&](uint32_t) {
                            if (entered.HasBeenNotified()) return;
                            entered.Notify();
                            leave.WaitForNotification();
                            left = true;
                          })
                  .ok());
  pipe.Write();
  entered.WaitForNotification();
  std::thread release([&] { leave.Notify(); });
  loop_->Unwatch(pipe.reader.get());
  EXPECT_TRUE(left);
  release.join();
}

TEST_F(EventLoopTest, UnwatchDestroysTheCallback) {
  Pipe pipe;
  auto owned = std::make_shared<int>(1);
  ASSERT_TRUE(
      loop_->Watch(pipe.reader.get(), EPOLLIN, [owned](uint32_t) {}).ok());
  EXPECT_EQ(owned.use_count(), 2);
  loop_->Unwatch(pipe.reader.get());
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(EventLoopTest, TimersAreNeverEarlyAndInOrder) {
  std::vector<int> order;
  absl::Notification done;
  const absl::Time start = clock_.Now();
  loop_->RunAt(start + absl::Milliseconds(20), [&] {
    EXPECT_GE(clock_.Now(), start + absl::Milliseconds(20));
    order.push_back(3);
    done.Notify();
  });
  loop_->RunAt(start + absl::Milliseconds(5), [&] { order.push_back(1); });
  loop_->RunAt(start + absl::Milliseconds(5), [&] { order.push_back(2); });
  loop_->RunAt(start - absl::Hours(1), [&] { order.push_back(0); });
  done.WaitForNotification();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST_F(EventLoopTest, CancelledTimerNeverRuns) {
  std::vector<int> order;
  absl::Notification done;
  loop_->Post([&] {
    const auto id = loop_->RunAt(clock_.Now(), [&] { order.push_back(1); });
    EXPECT_NE(id, 0u);
    EXPECT_TRUE(loop_->Cancel(id));
    EXPECT_FALSE(loop_->Cancel(id));
    loop_->RunAt(clock_.Now(), [&] { done.Notify(); });
  });
  done.WaitForNotification();
  EXPECT_THAT(order, IsEmpty());
}

TEST_F(EventLoopTest, CancelSaysWhenItIsTooLate) {
  absl::Notification done;
  const auto id = loop_->RunAt(clock_.Now(), [&] { done.Notify(); });
  done.WaitForNotification();
  EXPECT_FALSE(loop_->Cancel(id));
  EXPECT_FALSE(loop_->Cancel(987654));
}

TEST_F(EventLoopTest, TimersThatSetThemselvesAnewLeaveRoomForOthers) {
  std::atomic<bool> stop = false;
  std::function<void()> again = [&] {
    if (!stop) loop_->RunAt(clock_.Now(), again);
  };
  loop_->RunAt(clock_.Now(), again);
  Pipe pipe;
  absl::Notification ready;
  ASSERT_TRUE(loop_
                  ->Watch(pipe.reader.get(), EPOLLIN,
                          [&](uint32_t) {
                            pipe.Read();
                            ready.Notify();
                          })
                  .ok());
  pipe.Write();
  ready.WaitForNotification();
  Drain();
  loop_->Unwatch(pipe.reader.get());
  stop = true;
  Drain();
}

}  // namespace
}  // namespace envknit
