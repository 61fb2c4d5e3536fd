// The death of workers, and what comes after.
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

// Session 1 on worker 1, with numpy imported (as call 1).
class Imported : public ::testing::Test {
 protected:
  Imported() {
    pool_.OpenAndStart();
    pool_.Import(1, "numpy");
    pool_.Imported(1, 1);
  }

  PoolScript pool_;
};

TEST_F(Imported, ACrashFailsTheRunningCallAndNoOther) {
  pool_.Open();
  pool_.Started(2);
  pool_.Submit(2, "other");
  pool_.Submit(1, "f");
  EXPECT_THAT(pool_.Exit(1, {.signal = 11, .stderr_tail = "boom"}),
              ElementsAre("f: WORKER_CRASHED", "start 3", "dispose 1"));
  const auto detail = GetErrorDetail(pool_.ResultOf("f").status);
  EXPECT_EQ(detail->metadata.at("signal"), "11");
  EXPECT_EQ(detail->metadata.at("pid"), "101");
  EXPECT_EQ(detail->metadata.at("stderr"), "boom");
  EXPECT_THAT(pool_.Reply(2, 2), ElementsAre("other: OK"));
}

TEST_F(Imported, AnExitCodeIsTold) {
  pool_.Submit(1, "f");
  pool_.Exit(1, {.exit_code = 3});
  EXPECT_EQ(
      GetErrorDetail(pool_.ResultOf("f").status)->metadata.at("exit_code"),
      "3");
}

TEST_F(Imported, CallsThatWereNotStartedFailAsSuch) {
  for (int call = 2; call <= 10; ++call) {
    pool_.Submit(1, absl::StrCat("f", call));
  }
  for (CallId id = 3; id <= 9; ++id) {
    pool_.SetProgress(id, CallProgress::kNotStarted);
  }
  const Lines lines = pool_.Exit(1);
  EXPECT_EQ(lines[0], "f2: WORKER_CRASHED");
  EXPECT_EQ(lines[1], "f3: WORKER_UNAVAILABLE");
  EXPECT_EQ(lines[8], "f10: WORKER_UNAVAILABLE") << "it was still queued";
  EXPECT_EQ(lines[9], "start 2");
}

TEST_F(Imported, TheNextWorkerImportsFirst) {
  pool_.Exit(1);
  EXPECT_THAT(pool_.Submit(1, "f", {.timeout = absl::Seconds(1)}), IsEmpty());
  EXPECT_THAT(pool_.Started(2), ElementsAre("send 2#2 import numpy"));
  EXPECT_THAT(pool_.FireAfter(absl::Seconds(5)), IsEmpty())
      << "this is part of the start";
  EXPECT_THAT(pool_.Imported(2, 2), ElementsAre("send 2#3 call f"));
  EXPECT_THAT(pool_.Reply(2, 3), ElementsAre("f: OK epoch=2"));
}

TEST_F(Imported, ImportsAreReplayedOnceEachAndInOrder) {
  pool_.Import(1, "pandas");
  pool_.Imported(1, 2);
  pool_.Import(1, "numpy");
  pool_.Imported(1, 3);
  pool_.Import(1, "broken");
  pool_.Reply(1, 4, {.body = std::string("\x12\x00", 2)});
  pool_.Exit(1);
  EXPECT_THAT(pool_.Started(2),
              ElementsAre("send 2#5 import numpy", "send 2#6 import pandas"));
}

TEST_F(Imported, MoreImportsThanTheWindowAreReplayedInTurns) {
  for (int module = 2; module <= 12; ++module) {
    pool_.Import(1, absl::StrCat("m", module));
    pool_.Imported(1, static_cast<CallId>(module));
  }
  pool_.Exit(1);
  EXPECT_THAT(pool_.Started(2), testing::SizeIs(PoolState::kWindow));
  EXPECT_THAT(pool_.Imported(2, 13), ElementsAre("send 2#21 import m9"));
}

TEST_F(Imported, AReplayThatFailsFailsWhoWaitedForIt) {
  pool_.Exit(1);
  pool_.Submit(1, "f");
  pool_.Started(2);
  EXPECT_THAT(pool_.Reply(2, 2, {.body = std::string("\x12\x00", 2)}),
              ElementsAre("f: WORKER_UNAVAILABLE", "kill 2"));
  EXPECT_THAT(pool_.Exit(2), ElementsAre("dispose 2"));
  EXPECT_THAT(pool_.Submit(1, "g"), ElementsAre("start 3"));
}

TEST_F(Imported, AReplayThatTakesTooLongFailsWhoWaitedForIt) {
  pool_.Exit(1);
  pool_.Submit(1, "f");
  pool_.Started(2);
  EXPECT_THAT(pool_.FireAfter(absl::Seconds(60)),
              ElementsAre("f: WORKER_UNAVAILABLE", "kill 2"));
}

TEST_F(Imported, AReplayThatKillsTheWorkerIsNotTriedForEver) {
  pool_.Submit(1, "f");
  EXPECT_THAT(pool_.Exit(1),
              ElementsAre("f: WORKER_CRASHED", "start 2", "dispose 1"));
  pool_.Started(2);
  pool_.Submit(1, "g");
  EXPECT_THAT(pool_.Exit(2), ElementsAre("g: WORKER_UNAVAILABLE", "dispose 2"));
}

TEST_F(Imported, AStartThatFailsFailsTheCallsAndIsTriedWithTheNext) {
  pool_.Exit(1);
  pool_.Submit(1, "f");
  EXPECT_THAT(pool_.StartFailed(2),
              ElementsAre("dispose 2", "f: WORKER_UNAVAILABLE"));
  EXPECT_THAT(pool_.Submit(1, "g"), ElementsAre("start 3"));
}

TEST(Deaths, AWorkerThatDiedUnusedIsReplacedWithTheNextCall) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1"));
  EXPECT_THAT(pool.Submit(1, "f"), ElementsAre("start 2"));
  EXPECT_THAT(pool.Started(2), ElementsAre("send 2#1 call f"));
  EXPECT_THAT(pool.Reply(2, 1), ElementsAre("f: OK epoch=2"));
}

TEST(Deaths, TheSessionHasPriorityForTheFreePlace) {
  PoolOptions options;
  options.max_workers = 2;
  PoolScript pool(options);
  pool.OpenAndStart();
  pool.SubmitAlone("uid:1", "a");
  pool.Started(2);
  pool.SubmitAlone("uid:1", "waits");
  pool.Submit(1, "f");
  EXPECT_THAT(pool.Exit(1),
              ElementsAre("f: WORKER_CRASHED", "dispose 1", "start 3"));
  EXPECT_THAT(pool.Started(3), IsEmpty());
  EXPECT_THAT(pool.Submit(1, "g"), ElementsAre("send 3#3 call g"));
}

TEST(Deaths, ACallWithoutSessionFailsAndNothingIsStarted) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  EXPECT_THAT(pool.Exit(1), ElementsAre("f: WORKER_CRASHED", "dispose 1"));
}

TEST(Deaths, AStartThatFailsFailsTheCallItWasFor) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.SubmitAlone("uid:1", "g");
  EXPECT_THAT(pool.StartFailed(1),
              ElementsAre("dispose 1", "f: WORKER_UNAVAILABLE"));
  EXPECT_THAT(pool.Started(2), ElementsAre("send 2#1 call g"));
}

TEST(Deaths, AnIdleWorkersDeathIsNoOnesFailure) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Reply(1, 1);
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("start 2"));
}

TEST(Deaths, ARetiredWorkerFailsWhatItHasAndWhatWaits) {
  PoolScript pool;
  pool.OpenAndStart();
  for (int call = 1; call <= 9; ++call) {
    pool.Submit(1, absl::StrCat("f", call));
  }
  EXPECT_THAT(
      pool.Reply(1, 1, {.retire = true}),
      ElementsAre("f1: OK", "kill 1", "f9: WORKER_UNAVAILABLE", "start 2"));
  for (CallId id = 2; id <= 8; ++id) {
    pool.SetProgress(id, CallProgress::kNotStarted);
  }
  EXPECT_EQ(pool.Exit(1)[0], "f2: WORKER_UNAVAILABLE");
}

}  // namespace
}  // namespace envknit
