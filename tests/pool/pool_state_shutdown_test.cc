// The end of a pool.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/pool/pool_state.h"
#include "tests/pool/pool_script.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Shutdown, RefusesWhatComesAfter) {
  PoolScript pool;
  EXPECT_THAT(pool.Shutdown(), ElementsAre("empty"));
  EXPECT_THAT(pool.Shutdown(), IsEmpty());
  EXPECT_THAT(pool.Open(), ElementsAre("open: DRAINING"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "f"), ElementsAre("f: DRAINING"));
}

TEST(Shutdown, StopsWhatRunsAndFailsWhatWaits) {
  PoolOptions options;
  options.max_workers = 2;
  PoolScript pool(options);
  pool.OpenAndStart();
  pool.Submit(1, "f");
  pool.SubmitAlone("uid:1", "alone");
  pool.Started(2);
  pool.SubmitAlone("uid:1", "waits");
  EXPECT_THAT(pool.Shutdown(),
              ElementsAre("f: CANCELLED", "cancel 1#1", "ended 1",
                          "waits: DRAINING", "alone: CANCELLED", "cancel 2#2"));
  EXPECT_THAT(pool.Reply(1, 1, {.interrupted = true}), ElementsAre("stop 1"));
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1"));
  EXPECT_THAT(pool.FireAfter(absl::Seconds(1)), ElementsAre("dump 2"));
  EXPECT_THAT(pool.FireAfter(PoolState::kDumpWait), ElementsAre("kill 2"));
  EXPECT_THAT(pool.Exit(2), ElementsAre("dispose 2", "empty"));
}

TEST(Shutdown, StopsIdleWorkersAndThoseThatComeUp) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Open();
  pool.Submit(2, "f");
  EXPECT_THAT(pool.Shutdown(),
              ElementsAre("ended 1", "f: DRAINING", "failed 2: DRAINING",
                          "ended 2", "stop 1"));
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1"));
  EXPECT_THAT(pool.Started(2), ElementsAre("stop 2"));
  EXPECT_THAT(pool.Exit(2), ElementsAre("dispose 2", "empty"));
}

TEST(Shutdown, WaitsForAStartThatFails) {
  PoolScript pool;
  pool.Open();
  pool.Shutdown();
  EXPECT_THAT(pool.StartFailed(1), ElementsAre("dispose 1", "empty"));
}

TEST(Abandon, CompletesEveryCallOnce) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "running");
  pool.Submit(1, "answered");
  pool.CancelCall("answered");
  pool.Open();
  pool.Submit(2, "queued");
  EXPECT_THAT(pool.Abandon(),
              ElementsAre("running: DRAINING", "queued: DRAINING",
                          "failed 2: DRAINING"));
  EXPECT_THAT(pool.Reply(1, 1), IsEmpty());
  EXPECT_THAT(pool.Exit(1), IsEmpty());
}

}  // namespace
}  // namespace envknit
