#include <time.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/worker/worker_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

class WorkerCallsTest : public WorkerFixture {
 protected:
  void SetUp() override { StartWorker(); }
};

TEST_F(WorkerCallsTest, AFailureKeepsItsReason) {
  const WorkerReply reply = Run(1, "fail:HANDLE_EXPIRED");
  EXPECT_EQ(reply.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorDetail(reply.status)->reason, ErrorReason::kHandleExpired);
  EXPECT_EQ(std::string(reply.status.message()), "it failed");
}

TEST_F(WorkerCallsTest, AFailureWithAnInventedReasonIsInternal) {
  const WorkerReply reply = Run(1, "fail:WORLD_DOMINATION");
  EXPECT_EQ(reply.status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(GetErrorDetail(reply.status)->reason, ErrorReason::kInternal);
  EXPECT_THAT(std::string(reply.status.message()),
              HasSubstr("WORLD_DOMINATION"));
}

TEST_F(WorkerCallsTest, ACallWithAnOldIdIsRefusedAndTheWorkerLives) {
  EXPECT_TRUE(Run(5, "echo:a").status.ok());
  const WorkerReply refused = Run(5, "echo:b");
  EXPECT_EQ(GetErrorDetail(refused.status)->reason,
            ErrorReason::kWorkerUnavailable);
  EXPECT_EQ(Run(6, "echo:c").body, "c");
}

TEST_F(WorkerCallsTest, AWorkerThatReadsNothingCostsBoundedMemory) {
  Submit(1, "hang:busy");
  ASSERT_TRUE(lines_.WaitFor("stdout:busy"));
  const std::string large(1 << 20, 'x');
  CallId id = 1;
  while (!listener_.HasReply() && id < 1000) {
    Submit(++id, "echo:" + large);
  }
  const WorkerReply refused = listener_.TakeReply();
  EXPECT_LT(refused.id, 100U);
  EXPECT_EQ(GetErrorDetail(refused.status)->reason,
            ErrorReason::kWorkerUnavailable);
}

TEST_F(WorkerCallsTest, RepliesCarryBodyHandlesAndTime) {
  const WorkerReply reply = Run(1, "handles:41");
  EXPECT_TRUE(reply.status.ok());
  EXPECT_EQ(reply.id, 1U);
  EXPECT_EQ(reply.body, "two handles");
  EXPECT_EQ(reply.first_handle, 41U);
  EXPECT_EQ(reply.handle_count, 2U);
  EXPECT_EQ(reply.execution, absl::Microseconds(5));
  EXPECT_FALSE(reply.interrupted || reply.skipped || reply.retire);
}

TEST_F(WorkerCallsTest, CallsAreAnsweredInTheirOrder) {
  for (CallId id = 1; id <= 8; ++id) Submit(id, "echo:" + std::to_string(id));
  for (CallId id = 1; id <= 8; ++id) {
    const WorkerReply reply = listener_.TakeReply();
    EXPECT_EQ(reply.id, id);
    EXPECT_EQ(reply.body, std::to_string(id));
  }
}

TEST_F(WorkerCallsTest, LargeMessagesPassBothWays) {
  const std::string large(5 << 20, 'x');
  EXPECT_EQ(Run(1, "echo:" + large).body, large);
  EXPECT_EQ(Run(2, "big:16777216").body.size(), 16U << 20);
}

TEST_F(WorkerCallsTest, ThreadsMaySubmitTogether) {
  absl::Mutex mu;
  CallId next = 1;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        absl::MutexLock lock(&mu);
        const CallId id = next++;
        Submit(id, "echo:" + std::to_string(id));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (CallId id = 1; id <= 40; ++id) {
    EXPECT_EQ(listener_.TakeReply().body, std::to_string(id));
  }
}

TEST_F(WorkerCallsTest, TheWorkerIsToldTheDeadlineOnItsOwnClock) {
  struct timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  WorkerCall call;
  call.id = 1;
  call.body = "deadline";
  call.deadline = absl::Now() + absl::Seconds(100);
  worker_->Submit(std::move(call));
  int64_t deadline = 0;
  ASSERT_TRUE(absl::SimpleAtoi(listener_.TakeReply().body, &deadline));
  const absl::Duration ahead =
      absl::Nanoseconds(deadline) - absl::DurationFromTimespec(now);
  EXPECT_GT(ahead, absl::Seconds(99));
  EXPECT_LT(ahead, absl::Seconds(120));
  EXPECT_EQ(Run(2, "deadline").body, "0");
}

TEST_F(WorkerCallsTest, ACancelInterruptsTheRunningCall) {
  Submit(1, "wait_cancel");
  ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
  worker_->Cancel(1);
  const WorkerReply reply = listener_.TakeReply();
  EXPECT_TRUE(reply.interrupted);
  EXPECT_TRUE(reply.retire);
}

TEST_F(WorkerCallsTest, ACancelBeforeTheCallIsReadSkipsIt) {
  Submit(1, "wait_cancel");
  ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
  Submit(2, "echo:never");
  worker_->Cancel(2);
  worker_->Cancel(1);
  EXPECT_TRUE(listener_.TakeReply().interrupted);
  const WorkerReply skipped = listener_.TakeReply();
  EXPECT_TRUE(skipped.skipped);
  EXPECT_EQ(skipped.body, "");
}

TEST_F(WorkerCallsTest, ACancelOfACallThatEndedSendsNothing) {
  Run(1, "echo:a");
  worker_->Cancel(1);
  worker_->Cancel(99);
  Submit(99, "echo:runs");
  EXPECT_EQ(listener_.TakeReply().body, "runs");
}

TEST_F(WorkerCallsTest, ProgressFollowsTheStatusPage) {
  Run(1, "echo:a");
  EXPECT_TRUE(Eventually(
      [&] { return worker_->Progress(1) == CallProgress::kFinished; }));
  Submit(2, "hang:here");
  Submit(3, "echo:never read");
  ASSERT_TRUE(lines_.WaitFor("stdout:here"));
  EXPECT_EQ(worker_->Progress(2), CallProgress::kRunning);
  EXPECT_EQ(worker_->Progress(3), CallProgress::kNotStarted);
}

}  // namespace
}  // namespace envknit
