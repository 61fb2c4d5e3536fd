// Dropping handles: user code (`__del__`), so it has a limit, and an order.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/pool/pool_state.h"
#include "tests/pool/pool_script.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ScriptCall Release() {
  return {.kind = CallKind::kRelease, .timeout = absl::Milliseconds(1)};
}

TEST(Releases, GoWithTheWorkerThatDied) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "r", Release());
  EXPECT_THAT(pool.Exit(1), ElementsAre("r: OK", "start 2", "dispose 1"));
}

TEST(Releases, LeaveANewEpochToTheReplyThatIsRead) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "r", Release());
  EXPECT_THAT(pool.Exit(1), ElementsAre("r: OK", "start 2", "dispose 1"));
  pool.Submit(1, "s", Release());
  pool.Submit(1, "f");
  EXPECT_THAT(pool.Started(2),
              ElementsAre("send 2#2 release", "send 2#3 call f"));
  EXPECT_THAT(pool.Reply(2, 2), ElementsAre("s: OK"));
  EXPECT_THAT(pool.Reply(2, 3), ElementsAre("f: OK epoch=2"));
}

TEST(Releases, StartNoWorker) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Exit(1);
  EXPECT_THAT(pool.Submit(1, "r", Release()), ElementsAre("r: OK"));
}

TEST(Releases, KeepTheOrderOfTheCalls) {
  PoolScript pool;
  pool.Open();
  pool.Submit(1, "f");
  pool.Submit(1, "r", Release());
  pool.Submit(1, "g");
  EXPECT_THAT(pool.Started(1),
              ElementsAre("ready 1 on 1", "send 1#1 call f", "send 1#2 release",
                          "send 1#3 call g"));
}

TEST(Releases, HaveALimitOfTheirOwnThatCountsFromTheirTurn) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  pool.Submit(1, "r", Release());
  EXPECT_THAT(pool.FireAfter(absl::Seconds(20)), IsEmpty());
  EXPECT_THAT(pool.Reply(1, 1), ElementsAre("f: OK"));
  EXPECT_THAT(pool.FireAfter(absl::Milliseconds(4999)), IsEmpty());
  EXPECT_THAT(pool.FireAfter(absl::Milliseconds(1)),
              ElementsAre("r: DEADLINE_EXPIRED_RUNNING", "cancel 1#2"));
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)), ElementsAre("dump 1"));
}

TEST(Releases, AreTakenWhenCallsAreRefused) {
  PoolOptions options;
  options.queue_calls = 2;
  options.calls_in_flight_per_session = 2;
  PoolScript pool(options);
  pool.Open();
  pool.Submit(1, "a");
  pool.Submit(1, "b");
  EXPECT_THAT(pool.Submit(1, "c"), ElementsAre("c: LIMIT_EXCEEDED"));
  EXPECT_THAT(pool.Submit(1, "r1", Release()), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "r2", Release()), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "r3", Release()),
              ElementsAre("r3: POOL_EXHAUSTED"))
      << "but not without end";
}

TEST(Undelivered, HandlesOfAnotherEpochAreGoneAlready) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.Undelivered(1, 7, 1, 1), IsEmpty());
  EXPECT_THAT(pool.Undelivered(9, 1, 1, 1), IsEmpty());
  EXPECT_THAT(pool.Undelivered(1, 1, 1, 0), IsEmpty());
}

TEST(Undelivered, HandlesAreReleased) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.Undelivered(1, 1, 5, 2), ElementsAre("send 1#1 release"));
  EXPECT_THAT(pool.Reply(1, 1), IsEmpty());
  EXPECT_THAT(pool.state().call_counts(), IsEmpty()) << "nobody's call";
}

}  // namespace
}  // namespace envknit
