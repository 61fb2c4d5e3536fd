// Who gets which worker.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/pool/pool_state.h"
#include "tests/pool/pool_script.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SessionTerms Unary(Identity identity = "uid:1", bool may_reuse = true) {
  return {.identity = std::move(identity),
          .may_reuse = may_reuse,
          .attached = false};
}

PoolOptions MaxWorkers(int count) {
  PoolOptions options;
  options.max_workers = count;
  return options;
}

TEST(Leases, ASessionWhoseWorkerCantStartFailsWithItsCalls) {
  PoolScript pool;
  EXPECT_THAT(pool.Open(), ElementsAre("start 1"));
  EXPECT_THAT(pool.Submit(1, "early"), IsEmpty());
  EXPECT_THAT(pool.StartFailed(1),
              ElementsAre("dispose 1", "early: WORKER_UNAVAILABLE",
                          "failed 1: WORKER_UNAVAILABLE"));
  EXPECT_THAT(pool.Submit(1, "late"), ElementsAre("late: WORKER_UNAVAILABLE"));
}

TEST(Leases, RefusesASessionWhenAllWorkersAreLeased) {
  PoolScript pool(MaxWorkers(1));
  pool.OpenAndStart();
  EXPECT_THAT(pool.Open(), ElementsAre("open: POOL_EXHAUSTED"));
}

TEST(Leases, RefusesACallWithoutSessionWhenAllWorkersAreLeased) {
  PoolScript pool(MaxWorkers(1));
  pool.OpenAndStart();
  EXPECT_THAT(pool.SubmitAlone("uid:1", "f"), ElementsAre("f: POOL_EXHAUSTED"));
}

TEST(Leases, ASessionThatWaitedTooLongIsRefused) {
  PoolScript pool(MaxWorkers(1));
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  EXPECT_THAT(pool.Open(), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(29)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(31)),
              testing::Contains("failed 2: POOL_EXHAUSTED"));
}

TEST(Leases, WaitsForALeaseThatEndsWithinTheDeadline) {
  PoolScript pool(MaxWorkers(1));
  pool.Open(Unary());
  pool.Started(1);
  EXPECT_THAT(pool.SubmitAlone("uid:1", "short"),
              ElementsAre("short: POOL_EXHAUSTED"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "long", {.timeout = absl::Seconds(90)}),
              IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(60)),
              ElementsAre("ended 1", "send 1#1 call long"));
}

TEST(Leases, OneWorkerPerSession) {
  PoolScript pool;
  EXPECT_THAT(pool.Open(), ElementsAre("start 1"));
  EXPECT_THAT(pool.Open(), ElementsAre("start 2"));
  EXPECT_THAT(pool.Started(2), ElementsAre("ready 2 on 2"));
  EXPECT_THAT(pool.Started(1), ElementsAre("ready 1 on 1"));
  EXPECT_THAT(pool.Submit(1, "f"), ElementsAre("send 1#1 call f"));
  EXPECT_THAT(pool.Submit(2, "g"), ElementsAre("send 2#2 call g"));
}

TEST(Leases, ZeroMeansNoLimitOfWorkers) {
  PoolScript pool(MaxWorkers(0));
  for (int session = 1; session <= 100; ++session) {
    EXPECT_THAT(pool.Open(), ElementsAre(absl::StrCat("start ", session)));
  }
}

TEST(Leases, AnIdleWorkerOfAnotherIdentityIsNotUsedButMakesRoom) {
  PoolScript pool(MaxWorkers(1));
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Reply(1, 1);
  EXPECT_THAT(pool.SubmitAlone("uid:2", "g"), ElementsAre("stop 1"));
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1", "start 2"));
  EXPECT_THAT(pool.Started(2), ElementsAre("send 2#2 call g"));
}

TEST(Leases, GrantsIdleWorkerBeforeSpawning) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Reply(1, 1);
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("send 1#2 call g"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "h"), ElementsAre("start 2"));
}

TEST(Leases, ASessionGetsAUsedWorkerOnlyIfItAllowsReuse) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Open(Unary("uid:1", false)), ElementsAre("start 2"));
  EXPECT_THAT(pool.Open(Unary("uid:2", true)), ElementsAre("start 3"));
  EXPECT_THAT(pool.Open(Unary("uid:1", true)), ElementsAre("ready 4 on 1"));
}

TEST(Leases, AWaitingCallTakesAWorkerThatComesFreeBeforeItsOwnIsUp) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("start 2"));
  EXPECT_THAT(pool.Reply(1, 1), ElementsAre("f: OK", "send 1#2 call g"));
  EXPECT_THAT(pool.Started(2), IsEmpty());
  EXPECT_THAT(pool.SubmitAlone("uid:2", "h"), ElementsAre("send 2#3 call h"))
      << "a fresh worker serves anyone";
}

TEST(Leases, ServesWaitersInOrder) {
  PoolScript pool(MaxWorkers(1));
  pool.SubmitAlone("uid:1", "a");
  pool.Started(1);
  pool.SubmitAlone("uid:1", "b");
  pool.Open(Unary());
  pool.SubmitAlone("uid:1", "c");
  EXPECT_THAT(pool.Reply(1, 1), ElementsAre("a: OK", "send 1#2 call b"));
  EXPECT_THAT(pool.Reply(1, 2), ElementsAre("b: OK", "ready 2 on 1"));
  EXPECT_THAT(pool.Close(2), ElementsAre("ended 2", "send 1#3 end_session 2"));
  EXPECT_THAT(pool.Reply(1, 3), ElementsAre("send 1#4 call c"));
}

TEST(Leases, HandlesOfACallWithoutSessionOpenOne) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  EXPECT_THAT(pool.Reply(1, 1, {.first_handle = 7, .handle_count = 1}),
              ElementsAre("implicit 1", "f: OK session=1"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("start 2"))
      << "the worker is leased now";
  EXPECT_THAT(pool.Submit(1, "h"), ElementsAre("send 1#2 call h"));
}

TEST(Leases, AnUnattachedSessionEndsAfterItsTtl) {
  PoolScript pool;
  pool.Open(Unary());
  pool.Started(1);
  pool.Submit(1, "f");
  EXPECT_THAT(pool.FireAfter(absl::Seconds(20)), IsEmpty());
  pool.Reply(1, 1);
  EXPECT_THAT(pool.FireAfter(absl::Seconds(59)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)),
              ElementsAre("ended 1", "send 1#2 end_session 1"));
  EXPECT_THAT(pool.Submit(1, "late"), ElementsAre("late: SESSION_NOT_FOUND"));
}

TEST(Leases, AnAttachedSessionHasNoTtlAndItsWorkerNoIdleTimeout) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.FireAfter(absl::Hours(100)), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "f"), ElementsAre("send 1#1 call f"));
}

TEST(Leases, ALeasedWorkerIsNotReapedForIdleness) {
  PoolOptions options;
  options.idle_timeout = absl::Seconds(1);
  PoolScript pool(options);
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Open(Unary()), ElementsAre("ready 2 on 1"));
  EXPECT_THAT(pool.FireAfter(absl::Seconds(59)), IsEmpty());
  EXPECT_THAT(pool.Submit(2, "g"), ElementsAre("send 1#2 call g"));
}

TEST(Leases, AnUnleasedWorkerEndsWhenIdle) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Reply(1, 1);
  EXPECT_THAT(pool.FireAfter(absl::Minutes(9)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Minutes(1)), ElementsAre("stop 1"));
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1"));
}

TEST(Closing, UnknownSessionsAreIgnored) {
  PoolScript pool;
  EXPECT_THAT(pool.Close(5), IsEmpty());
}

TEST(Closing, AfterTheGraceNothingKeepsASession) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.CloseAfter(1, absl::Seconds(10)), IsEmpty());
  pool.Wait(absl::Seconds(5));
  EXPECT_THAT(pool.Submit(1, "f"), ElementsAre("send 1#1 call f"));
  EXPECT_THAT(pool.FireAfter(absl::Seconds(4)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)),
              ElementsAre("f: CANCELLED", "cancel 1#1", "ended 1"));
}

TEST(Closing, ASessionInItsGraceMakesRoomForThoseWhoCanWait) {
  PoolScript pool(MaxWorkers(1));
  pool.OpenAndStart();
  pool.CloseAfter(1, absl::Seconds(10));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "f", {.timeout = absl::Seconds(9)}),
              ElementsAre("f: POOL_EXHAUSTED"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(10)),
              ElementsAre("ended 1", "send 1#1 call g"));
}

TEST(Closing, FailsWhoWaitsForTheWorker) {
  PoolScript pool;
  pool.Open();
  pool.Submit(1, "f");
  EXPECT_THAT(pool.Close(1),
              ElementsAre("f: CANCELLED", "failed 1: CANCELLED", "ended 1"));
  EXPECT_THAT(pool.Started(1), IsEmpty());
  EXPECT_THAT(pool.SubmitAlone("uid:9", "g"), ElementsAre("send 1#1 call g"))
      << "the worker that was started is fresh";
}

TEST(Closing, CancelsRunningAndQueuedCalls) {
  PoolScript pool;
  pool.OpenAndStart();
  for (int call = 0; call < 9; ++call) {
    pool.Submit(1, absl::StrCat("f", call));
  }
  const Lines lines = pool.Close(1);
  EXPECT_EQ(lines[0], "f0: CANCELLED");
  EXPECT_EQ(lines[1], "cancel 1#1");
  EXPECT_EQ(lines[16], "f8: CANCELLED");
  EXPECT_EQ(lines[17], "ended 1");
}

TEST(Closing, AWorkerOfAFreshSessionEnds) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Close(1), ElementsAre("ended 1", "stop 1"));
}

TEST(Closing, AWorkerEndsOnlyWhenItsCallDid) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  EXPECT_THAT(pool.Close(1),
              ElementsAre("f: CANCELLED", "cancel 1#1", "ended 1"));
  EXPECT_THAT(pool.Reply(1, 1, {.interrupted = true}), ElementsAre("stop 1"));
}

TEST(Closing, AReusableWorkerDropsItsHandlesFirst) {
  PoolScript pool;
  pool.Open(Unary());
  pool.Started(1);
  pool.Submit(1, "f");
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Close(1), ElementsAre("ended 1", "send 1#2 end_session 1"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("start 2"))
      << "it is not free yet";
  EXPECT_THAT(pool.Reply(1, 2), ElementsAre("send 1#3 call g"));
}

TEST(Closing, AWorkerThatDidNotDropItsHandlesEnds) {
  PoolScript pool;
  pool.Open(Unary());
  pool.Started(1);
  pool.Submit(1, "f");
  pool.Reply(1, 1);
  pool.Close(1);
  EXPECT_THAT(pool.FireAfter(absl::Seconds(5)), ElementsAre("cancel 1#2"));
  EXPECT_THAT(pool.Reply(1, 2, {.interrupted = true}), ElementsAre("stop 1"));
}

}  // namespace
}  // namespace envknit
