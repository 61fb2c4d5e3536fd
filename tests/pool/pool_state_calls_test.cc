// The way of a call to its worker: order, window, bounds, clocks.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "server/pool/pool_state.h"
#include "tests/pool/pool_script.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Calls, UnknownSessionsAreAnError) {
  PoolScript pool;
  EXPECT_THAT(pool.Submit(3, "f"), ElementsAre("f: SESSION_NOT_FOUND"));
}

TEST(Calls, RefusesMoreThanTheQueueHolds) {
  PoolOptions options;
  options.queue_calls = 2;
  PoolScript pool(options);
  pool.OpenAndStart();
  for (int call = 0; call < 10; ++call) {
    EXPECT_THAT(pool.Submit(1, absl::StrCat("f", call)),
                testing::SizeIs(call < 8 ? 1 : 0));
  }
  EXPECT_THAT(pool.Submit(1, "g"), ElementsAre("g: POOL_EXHAUSTED"));
  const auto detail = GetErrorDetail(pool.ResultOf("g").status);
  EXPECT_EQ(detail->metadata.at("limit"), "2");
  EXPECT_EQ(detail->metadata.at("retry_delay_ms"), "100");
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Submit(1, "h"), IsEmpty()) << "one place is free again";
}

TEST(Calls, RefusesMoreBytesThanTheQueueHolds) {
  PoolOptions options;
  options.queue_bytes = 100;
  PoolScript pool(options);
  pool.Open();
  EXPECT_THAT(pool.Submit(1, "f", {.body = std::string(60, 'x')}), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "g", {.body = std::string(60, 'x')}),
              ElementsAre("g: POOL_EXHAUSTED"));
  EXPECT_THAT(pool.CancelCall("f"), ElementsAre("f: CANCELLED"));
  EXPECT_THAT(pool.Submit(1, "h", {.body = std::string(60, 'x')}), IsEmpty());
}

TEST(Calls, TheQueueIsSharedByCallsWithoutSession) {
  PoolOptions options;
  options.queue_calls = 1;
  PoolScript pool(options);
  pool.SubmitAlone("uid:1", "f");
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("g: POOL_EXHAUSTED"));
}

TEST(Calls, LimitsTheCallsInFlightOfASession) {
  PoolOptions options;
  options.calls_in_flight_per_session = 2;
  PoolScript pool(options);
  pool.OpenAndStart();
  pool.Submit(1, "a");
  pool.Submit(1, "b");
  EXPECT_THAT(pool.Submit(1, "c"), ElementsAre("c: LIMIT_EXCEEDED"));
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Submit(1, "d"), ElementsAre("send 1#3 call d"));
}

TEST(Calls, GoStraightToAnIdleLeasedWorker) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.Submit(1, "f"), ElementsAre("send 1#1 call f"));
  EXPECT_THAT(pool.Reply(1, 1), ElementsAre("f: OK"));
}

TEST(Calls, WaitForTheWorkerInOrder) {
  PoolScript pool;
  pool.Open();
  EXPECT_THAT(pool.Submit(1, "a"), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "b"), IsEmpty());
  EXPECT_THAT(pool.Started(1), ElementsAre("ready 1 on 1", "send 1#1 call a",
                                           "send 1#2 call b"));
}

TEST(Calls, AtMostEightAreInTheChannel) {
  PoolScript pool;
  pool.OpenAndStart();
  for (int call = 1; call <= 8; ++call) {
    EXPECT_THAT(pool.Submit(1, absl::StrCat("f", call)),
                ElementsAre(absl::StrCat("send 1#", call, " call f", call)));
  }
  EXPECT_THAT(pool.Submit(1, "ninth"), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "tenth"), IsEmpty());
  EXPECT_THAT(pool.Reply(1, 1), ElementsAre("f1: OK", "send 1#9 call ninth"));
}

TEST(Calls, TellHowLongTheyWaitedAndWhoRanThem) {
  PoolScript pool;
  pool.Open();
  pool.Submit(1, "f");
  pool.Wait(absl::Seconds(2));
  pool.Started(1);
  pool.Wait(absl::Seconds(1));
  pool.Reply(1, 1, {.body = "answer", .first_handle = 4, .handle_count = 2});
  const CallResult& result = pool.ResultOf("f");
  EXPECT_EQ(result.body, "answer");
  EXPECT_EQ(result.queued, absl::Seconds(2));
  EXPECT_EQ(result.worker.epoch, 1);
  EXPECT_EQ(result.worker.pid, 101);
  EXPECT_EQ(result.first_handle, 4);
  EXPECT_EQ(result.handle_count, 2);
}

TEST(Calls, AnErrorOfTheWorkerIsHandedOn) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  EXPECT_THAT(
      pool.Reply(1, 1,
                 {.status = MakeError(ErrorReason::kHandleExpired, "gone")}),
      ElementsAre("f: HANDLE_EXPIRED"));
}

TEST(Calls, AReplyToNoCallIsDroppedAndCounted) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.Reply(1, 77), IsEmpty());
  EXPECT_THAT(pool.Reply(9, 1), IsEmpty());
  EXPECT_EQ(pool.state().late_replies(), 2);
}

TEST(Calls, AreCountedByKind) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  EXPECT_THAT(pool.state().call_counts(), IsEmpty()) << "not answered yet";
  pool.Import(1, "numpy");
  pool.Reply(1, 1);
  pool.Imported(1, 2);
  pool.Submit(5, "refused");
  EXPECT_THAT(pool.state().call_counts(),
              ElementsAre(testing::Pair(CallKind::kImport, 1),
                          testing::Pair(CallKind::kCall, 2)));
}

TEST(Deadlines, OneThatExpiresWhileTheSessionHasNoWorkerIsQueued) {
  PoolOptions options;
  options.max_workers = 1;
  PoolScript pool(options);
  pool.SubmitAlone("uid:1", "busy");
  pool.Started(1);
  pool.Open();
  pool.Submit(2, "f", {.timeout = absl::Seconds(1)});
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)),
              ElementsAre("f: DEADLINE_EXPIRED_QUEUED"));
}

TEST(Deadlines, QueueingBehindOthersCounts) {
  PoolScript pool;
  pool.OpenAndStart();
  for (int call = 0; call < 8; ++call) {
    pool.Submit(1, absl::StrCat("f", call));
  }
  pool.Submit(1, "g", {.timeout = absl::Seconds(1)});
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)),
              ElementsAre("g: DEADLINE_EXPIRED_QUEUED"));
  EXPECT_EQ(
      GetErrorDetail(pool.ResultOf("g").status)->metadata.at("timeout_ms"),
      "1000");
}

TEST(Deadlines, TheStartOfTheWorkerDoesNotCount) {
  PoolScript pool;
  pool.Open();
  pool.Submit(1, "f", {.timeout = absl::Seconds(1)});
  EXPECT_THAT(pool.FireAfter(absl::Seconds(50)), IsEmpty());
  pool.Started(1);
  EXPECT_THAT(pool.FireAfter(absl::Milliseconds(999)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Milliseconds(1)),
              ElementsAre("f: DEADLINE_EXPIRED_RUNNING", "cancel 1#1"));
}

TEST(Deadlines, TheStartDoesNotCountWithoutASessionEither) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f", {.timeout = absl::Seconds(1)});
  EXPECT_THAT(pool.FireAfter(absl::Seconds(50)), IsEmpty());
  EXPECT_THAT(pool.Started(1), ElementsAre("send 1#1 call f"));
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)),
              ElementsAre("f: DEADLINE_EXPIRED_RUNNING", "cancel 1#1"));
}

TEST(Deadlines, TimeBeforeTheStartCounts) {
  PoolOptions options;
  options.max_workers = 1;
  PoolScript pool(options);
  pool.SubmitAlone("uid:1", "first");
  pool.Started(1);
  pool.SubmitAlone("uid:2", "f", {.timeout = absl::Seconds(10)});
  pool.Wait(absl::Seconds(6));
  EXPECT_THAT(pool.Reply(1, 1), ElementsAre("first: OK", "stop 1"));
  pool.Exit(1);
  EXPECT_THAT(pool.FireAfter(absl::Seconds(20)), IsEmpty());
  pool.Started(2);
  EXPECT_THAT(pool.FireAfter(absl::Milliseconds(3999)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Milliseconds(1)),
              ElementsAre("f: DEADLINE_EXPIRED_RUNNING", "cancel 2#2"));
}

TEST(Timer, IsNotArmedAgainForEachCall) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f0");
  const absl::Time armed = pool.timer();
  EXPECT_EQ(armed, pool.now() + absl::Seconds(30));
  for (int call = 1; call < 100; ++call) {
    pool.Reply(1, static_cast<CallId>(call));
    pool.Wait(absl::Milliseconds(1));
    pool.Submit(1, absl::StrCat("f", call));
    EXPECT_EQ(pool.timer(), armed);
  }
  pool.FireAfter(armed - pool.now());
  EXPECT_EQ(pool.timer(), armed + absl::Milliseconds(99))
      << "for the call that runs now";
}

TEST(Timer, IsMovedForAnEarlierDeadline) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  pool.Submit(1, "g", {.timeout = absl::Seconds(1)});
  EXPECT_EQ(pool.timer(), pool.now() + absl::Seconds(1));
}

}  // namespace
}  // namespace envknit
