// The ladder: what becomes of a call that outlives its deadline or is
// cancelled.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/pool/pool_state.h"
#include "tests/pool/pool_script.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kTimeout = absl::Seconds(1);
constexpr absl::Duration kGrace = absl::Seconds(1);

// Session 1 runs "f" on worker 1, and its time is up: it was answered.
class Ladder : public ::testing::Test {
 protected:
  Ladder() {
    pool_.OpenAndStart();
    pool_.Submit(1, "f", {.timeout = kTimeout});
  }
  void Expire() {
    EXPECT_THAT(pool_.FireAfter(kTimeout),
                ElementsAre("f: DEADLINE_EXPIRED_RUNNING", "cancel 1#1"));
  }
  void ExpireAndKill() {
    Expire();
    EXPECT_THAT(pool_.FireAfter(kGrace), ElementsAre("dump 1"));
    EXPECT_EQ(pool_.FireAfter(PoolState::kDumpWait)[0], "kill 1");
  }

  PoolScript pool_;
};

TEST_F(Ladder, ACallThatIgnoresTheInterruptIsKilledAfterADump) {
  Expire();
  EXPECT_THAT(pool_.FireAfter(kGrace - absl::Milliseconds(1)), IsEmpty());
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(1)), ElementsAre("dump 1"));
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(99)), IsEmpty());
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(1)),
              ElementsAre("kill 1", "start 2"))
      << "a leased session gets its next worker at once";
}

TEST_F(Ladder, TheKillIsToldWithTheNextReply) {
  ExpireAndKill();
  EXPECT_THAT(pool_.Exit(1, {.signal = 9, .stack = "File x"}),
              ElementsAre("dispose 1"));
  pool_.Started(2);
  pool_.Submit(1, "g");
  EXPECT_THAT(pool_.Reply(2, 2), ElementsAre("g: OK epoch=2 f=killed"));
  EXPECT_EQ(pool_.ResultOf("g").notices[0].stack, "File x");
  pool_.Submit(1, "h");
  EXPECT_THAT(pool_.Reply(2, 3), ElementsAre("h: OK")) << "told once";
}

TEST_F(Ladder, ACrashOfACallThatExpiredCountsAsAKill) {
  Expire();
  EXPECT_THAT(pool_.Exit(1), ElementsAre("start 2", "dispose 1"));
  pool_.Started(2);
  pool_.Submit(1, "g");
  EXPECT_THAT(pool_.Reply(2, 2), ElementsAre("g: OK epoch=2 f=killed"));
}

TEST_F(Ladder, AnInterruptKeepsTheWorker) {
  Expire();
  EXPECT_THAT(pool_.Reply(1, 1, {.interrupted = true}), IsEmpty());
  EXPECT_THAT(pool_.FireAfter(absl::Hours(1)), IsEmpty());
  EXPECT_THAT(pool_.Submit(1, "g"), ElementsAre("send 1#2 call g"));
  EXPECT_THAT(pool_.Reply(1, 2), ElementsAre("g: OK f=interrupted"));
}

TEST_F(Ladder, ALateReplyIsDroppedAndItsHandlesReleased) {
  Expire();
  EXPECT_THAT(pool_.Reply(1, 1, {.first_handle = 3, .handle_count = 2}),
              ElementsAre("send 1#2 release"));
  EXPECT_EQ(pool_.state().late_replies(), 1);
  pool_.Submit(1, "g");
  pool_.Reply(1, 2);
  EXPECT_THAT(pool_.Reply(1, 3), ElementsAre("g: OK f=finished"));
}

TEST_F(Ladder, AnInterruptedImportRetiresTheWorker) {
  Expire();
  EXPECT_THAT(pool_.Reply(1, 1, {.interrupted = true, .retire = true}),
              ElementsAre("stop 1", "start 2"));
  pool_.Started(2);
  pool_.Submit(1, "g");
  EXPECT_THAT(pool_.Reply(2, 2), ElementsAre("g: OK epoch=2 f=retired"));
}

TEST_F(Ladder, CallsAcceptedMeanwhileRunOnTheNextWorker) {
  Expire();
  EXPECT_THAT(pool_.Submit(1, "g"), IsEmpty()) << "held back";
  pool_.FireAfter(kGrace);
  EXPECT_THAT(pool_.FireAfter(PoolState::kDumpWait),
              ElementsAre("kill 1", "start 2"));
  pool_.Exit(1);
  EXPECT_THAT(pool_.Started(2), ElementsAre("send 2#2 call g"));
}

TEST_F(Ladder, TheTimeOfCallsAcceptedMeanwhileDoesNotRun) {
  Expire();
  pool_.Submit(1, "g", {.timeout = absl::Milliseconds(500)});
  pool_.FireAfter(kGrace);
  pool_.FireAfter(PoolState::kDumpWait);
  pool_.Exit(1);
  EXPECT_THAT(pool_.FireAfter(absl::Seconds(20)), IsEmpty());
  EXPECT_THAT(pool_.Started(2), ElementsAre("send 2#2 call g"));
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(500)),
              ElementsAre("g: DEADLINE_EXPIRED_RUNNING", "cancel 2#2"));
}

TEST_F(Ladder, TheTimeOfCallsRunsAgainWhenTheWorkerObeyed) {
  for (int call = 2; call <= 8; ++call) {
    pool_.Submit(1, absl::StrCat("f", call));
  }
  Expire();
  pool_.Submit(1, "g", {.timeout = absl::Milliseconds(500)});
  pool_.Submit(1, "h", {.timeout = absl::Milliseconds(500)});
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(600)), IsEmpty());
  EXPECT_THAT(pool_.Reply(1, 1, {.interrupted = true}),
              ElementsAre("send 1#9 call g"));
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(499)), IsEmpty());
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(1)),
              testing::Contains("h: DEADLINE_EXPIRED_QUEUED"));
}

TEST_F(Ladder, CallsAcceptedMeanwhileRunOnTheSameWorkerIfItObeys) {
  Expire();
  pool_.Submit(1, "g");
  EXPECT_THAT(pool_.Reply(1, 1, {.interrupted = true}),
              ElementsAre("send 1#2 call g"));
}

TEST_F(Ladder, CallsAcceptedBeforeFailWithTheWorker) {
  for (int call = 2; call <= 9; ++call) {
    pool_.Submit(1, absl::StrCat("f", call));
  }
  Expire();
  pool_.FireAfter(kGrace);
  EXPECT_THAT(pool_.FireAfter(PoolState::kDumpWait),
              ElementsAre("kill 1", "f9: WORKER_UNAVAILABLE", "start 2"));
  for (CallId id = 2; id <= 8; ++id) {
    pool_.SetProgress(id, CallProgress::kNotStarted);
  }
  const Lines lines = pool_.Exit(1);
  EXPECT_EQ(lines[0], "f2: WORKER_UNAVAILABLE");
  EXPECT_EQ(lines[6], "f8: WORKER_UNAVAILABLE");
  EXPECT_EQ(lines[7], "dispose 1");
}

TEST_F(Ladder, ACallThatWasNotReadYetIsSkippedNotInterrupted) {
  pool_.SetProgress(2, CallProgress::kNotStarted);
  pool_.Submit(1, "g", {.timeout = absl::Milliseconds(500)});
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(500)),
              ElementsAre("g: DEADLINE_EXPIRED_QUEUED", "cancel 1#2"));
  EXPECT_THAT(pool_.Reply(1, 1), ElementsAre("f: OK"));
  EXPECT_THAT(pool_.Reply(1, 2, {.skipped = true}), IsEmpty());
  EXPECT_EQ(pool_.state().late_replies(), 0);
  pool_.Submit(1, "h");
  EXPECT_THAT(pool_.Reply(1, 3), ElementsAre("h: OK")) << "no notice";
}

TEST_F(Ladder, ACancelledCallThatRunsAfterAllIsOnTheLadder) {
  pool_.SetProgress(2, CallProgress::kNotStarted);
  pool_.Submit(1, "g");
  pool_.CancelCall("g");
  EXPECT_THAT(pool_.Reply(1, 1), ElementsAre("f: OK"));
  EXPECT_THAT(pool_.FireAfter(kGrace), ElementsAre("dump 1"));
}

TEST_F(Ladder, TheNextCallsTimeIsItsOwn) {
  pool_.Submit(1, "g", {.timeout = absl::Milliseconds(1500)});
  Expire();
  pool_.Reply(1, 1, {.interrupted = true});
  EXPECT_THAT(pool_.FireAfter(absl::Milliseconds(500)),
              ElementsAre("g: DEADLINE_EXPIRED_RUNNING", "cancel 1#2"));
  EXPECT_THAT(pool_.FireAfter(kGrace), ElementsAre("dump 1"));
}

TEST_F(Ladder, TheSlotStaysTakenUntilTheWorkerIsFree) {
  PoolOptions options;
  options.max_workers = 1;
  PoolScript pool(options);
  pool.SubmitAlone("uid:1", "f", {.timeout = kTimeout});
  pool.Started(1);
  pool.FireAfter(kTimeout);
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), IsEmpty());
  pool.FireAfter(kGrace);
  EXPECT_THAT(pool.FireAfter(PoolState::kDumpWait), ElementsAre("kill 1"));
  EXPECT_THAT(pool.Exit(1), ElementsAre("dispose 1", "start 2"));
}

TEST_F(Ladder, HandlesOfALateReplyWithoutSessionAreDropped) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f", {.timeout = kTimeout});
  pool.Started(1);
  pool.FireAfter(kTimeout);
  EXPECT_THAT(pool.Reply(1, 1, {.first_handle = 1, .handle_count = 1}),
              ElementsAre("send 1#2 end_session 1"));
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("start 2"));
  EXPECT_THAT(pool.Reply(1, 2), ElementsAre("send 1#3 call g"));
}

TEST_F(Ladder, ShowsInTheListing) {
  using State = WorkerSnapshot::State;
  pool_.Wait(absl::Milliseconds(500));
  auto worker = pool_.state().Snapshot(pool_.now()).at(0).first;
  EXPECT_EQ(worker.state, State::kBusy);
  EXPECT_EQ(worker.running, "f");
  EXPECT_EQ(worker.running_for, absl::Milliseconds(500));
  pool_.FireAfter(absl::Milliseconds(500));
  EXPECT_EQ(pool_.state().Snapshot(pool_.now()).at(0).first.state,
            State::kStoppingCall);
  pool_.FireAfter(kGrace);
  pool_.FireAfter(PoolState::kDumpWait);
  EXPECT_EQ(pool_.state().Snapshot(pool_.now()).at(0).first.state,
            State::kEnding);
  pool_.Exit(1, {.signal = 9, .stack = "File x"});
  EXPECT_EQ(pool_.state().Snapshot(pool_.now()).at(0).first.state,
            State::kStarting);
  pool_.Started(2);
  worker = pool_.state().Snapshot(pool_.now()).at(0).first;
  EXPECT_EQ(worker.state, State::kIdle);
  EXPECT_EQ(worker.last_ladder_action, "killed");
  EXPECT_EQ(worker.last_stack, "File x");
}

TEST(Cancelling, UnknownOrAnsweredCallsAreIgnored) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f", {.client_call_id = 5});
  pool.Reply(1, 1);
  EXPECT_THAT(pool.CancelCall("f"), IsEmpty());
  EXPECT_THAT(pool.CancelByClient(1, 0, 5), IsEmpty());
  EXPECT_THAT(pool.CancelByClient(9, 0, 5), IsEmpty());
}

TEST(Cancelling, ARunningCallIsAnsweredAndStopped) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f");
  EXPECT_THAT(pool.CancelCall("f"), ElementsAre("f: CANCELLED", "cancel 1#1"));
  EXPECT_THAT(pool.CancelCall("f"), IsEmpty());
  EXPECT_THAT(pool.FireAfter(kGrace), ElementsAre("dump 1"));
}

TEST(Cancelling, AQueuedCallTouchesNoWorker) {
  PoolScript pool;
  pool.Open();
  pool.Submit(1, "f");
  EXPECT_THAT(pool.CancelCall("f"), ElementsAre("f: CANCELLED"));
  EXPECT_THAT(pool.Started(1), ElementsAre("ready 1 on 1"));
}

TEST(Cancelling, ACallWithoutSessionLeavesItsWorkerToTheNext) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  EXPECT_THAT(pool.CancelCall("f"), ElementsAre("f: CANCELLED"));
  EXPECT_THAT(pool.Started(1), IsEmpty());
  EXPECT_THAT(pool.SubmitAlone("uid:1", "g"), ElementsAre("send 1#1 call g"));
}

TEST(Cancelling, ByTheClientsOwnNameOfTheCall) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.Submit(1, "f", {.client_call_id = 5});
  pool.Submit(1, "g", {.client_call_id = 6});
  EXPECT_THAT(pool.CancelByClient(1, 1, 6), IsEmpty()) << "another carrier";
  EXPECT_THAT(pool.CancelByClient(1, 0, 6),
              ElementsAre("g: CANCELLED", "cancel 1#2"));
}

}  // namespace
}  // namespace envknit
