#include "server/process/client_watch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/real_clock.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

class ClientWatchTest : public ::testing::Test {
 protected:
  ClientWatchTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end_ = UniqueFd(ends[0]);
    write_end_ = UniqueFd(ends[1]);
    client_ = ::fork();
    if (client_ == 0) {
      write_end_.reset();
      ::pause();
      ::_exit(0);
    }
  }
  ~ClientWatchTest() override { EndClient(); }

  void EndClient() {
    if (client_ == 0) return;
    ::kill(client_, SIGKILL);
    ::waitpid(client_, nullptr, 0);
    client_ = 0;
  }
  absl::StatusOr<std::unique_ptr<ClientWatch>> Watch(pid_t pid, UniqueFd pipe) {
    return ClientWatch::Create({pid, std::move(pipe)}, loop_.get(),
                               [this](std::string how) {
                                 ++calls_;
                                 how_ = std::move(how);
                                 gone_.Notify();
                               });
  }

  // The test itself holds the pipe's write end, not the "client".
  UniqueFd read_end_;
  UniqueFd write_end_;
  pid_t client_ = 0;
  RealClock clock_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create(&clock_);
  absl::Notification gone_;
  std::atomic<int> calls_ = 0;
  std::string how_;
};

TEST_F(ClientWatchTest, NeedsSomethingToWatch) {
  EXPECT_EQ(Watch(0, UniqueFd()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ClientWatchTest, HearsOfAClientThatWasGoneBefore) {
  const pid_t pid = client_;
  EndClient();
  const auto watch = Watch(pid, UniqueFd());
  ASSERT_TRUE(watch.ok());
  gone_.WaitForNotification();
}

TEST_F(ClientWatchTest, HearsTheDeathAlthoughAChildHoldsThePipe) {
  const auto watch = Watch(client_, std::move(read_end_));
  ASSERT_TRUE(watch.ok());
  EXPECT_FALSE(gone_.HasBeenNotified());
  EndClient();
  gone_.WaitForNotification();
  EXPECT_THAT(how_, HasSubstr("process ended"));
}

TEST_F(ClientWatchTest, HearsTheClosedPipeAlthoughThePidLives) {
  const auto watch = Watch(client_, std::move(read_end_));
  ASSERT_TRUE(watch.ok());
  ASSERT_EQ(::write(write_end_.get(), "x", 1), 1);
  write_end_.reset();
  gone_.WaitForNotification();
  EXPECT_THAT(how_, HasSubstr("closed its pipe"));
}

TEST_F(ClientWatchTest, TellsOnceWhenBothHappen) {
  const auto watch = Watch(client_, std::move(read_end_));
  ASSERT_TRUE(watch.ok());
  write_end_.reset();
  EndClient();
  gone_.WaitForNotification();
  // Whatever else was ready has been run when this is.
  absl::Notification later;
  loop_->Post([&] { loop_->Post([&] { later.Notify(); }); });
  later.WaitForNotification();
  EXPECT_EQ(calls_, 1);
}

TEST_F(ClientWatchTest, IsSilentAfterItsEnd) {
  { const auto watch = Watch(client_, std::move(read_end_)); }
  EndClient();
  write_end_.reset();
  absl::Notification later;
  loop_->Post([&] { later.Notify(); });
  later.WaitForNotification();
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace envknit
