// How decisions are carried out: by whom, in which order, with no lock held.
#include "server/pool/worker_pool.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/pool/pool_fixture.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WorkerPoolTest : public PoolFixture {};

TEST_F(WorkerPoolTest, AFailedStartFailsWhoWaits) {
  auto session = registry_->OpenSession(Spec());
  ASSERT_TRUE(session.ok());
  absl::Status ready;
  (*session)->WhenReady([&](const auto& worker) { ready = worker.status(); });
  (*session)->Submit(Call("f"), Note("f"));
  factory_.Fail(kFirst,
                MakeError(ErrorReason::kRuntimeNotAvailable, "no runtime"));
  EXPECT_EQ(ready.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(results_, ElementsAre("f RUNTIME_NOT_AVAILABLE"));
  absl::Status again;
  (*session)->WhenReady([&](const auto& worker) { again = worker.status(); });
  EXPECT_EQ(again, ready) << "also who asks later hears of it";
}

TEST_F(WorkerPoolTest, TheSubmittingThreadSendsAndTheReadingThreadAnswers) {
  auto session = OpenAndStart();
  std::thread::id submitter, reader, answered;
  std::thread([&] {
    submitter = std::this_thread::get_id();
    session->Submit(Call("f"),
                    [&](CallResult) { answered = std::this_thread::get_id(); });
  }).join();
  std::thread([&] {
    reader = std::this_thread::get_id();
    factory_.ReplyToLast(kFirst);
  }).join();
  const auto record = factory_.RecordOf(kFirst);
  const absl::MutexLock lock(&record->mu);
  EXPECT_EQ(record->submitting_thread, submitter);
  EXPECT_EQ(answered, reader);
}

TEST_F(WorkerPoolTest, CallbacksMayCallBack) {
  auto session = OpenAndStart();
  session->Submit(Call("f"), [&](CallResult) {
    session->Submit(Call("g"), Note("g"));
    session->Close();
  });
  factory_.ReplyToLast(kFirst);
  EXPECT_THAT(results_, ElementsAre("g CANCELLED"));
  EXPECT_THAT(factory_.RecordOf(kFirst)->Asked(),
              ElementsAre("submit f", "submit g", "cancel 2"));
}

TEST_F(WorkerPoolTest, AWorkerThatAnswersInsideSubmitKeepsTheOrder) {
  auto session = OpenAndStart();
  factory_.on_submit = [&](Epoch epoch, const WorkerCall& call) {
    WorkerReply reply;
    reply.id = call.id;
    factory_.ListenerOf(epoch)->OnReply(std::move(reply));
  };
  session->Submit(Call("f"), Note("f"));
  session->Submit(Call("g"), Note("g"));
  EXPECT_THAT(results_, ElementsAre("f OK", "g OK"));
}

TEST_F(WorkerPoolTest, TheLadderRunsOnTimers) {
  auto session = OpenAndStart();
  session->Submit(Call("f", absl::Seconds(1)), Note("f"));
  timers_.Advance(absl::Milliseconds(999));
  EXPECT_THAT(results_, IsEmpty());
  timers_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(results_, ElementsAre("f DEADLINE_EXPIRED_RUNNING"));
  timers_.Advance(absl::Milliseconds(1100));
  EXPECT_THAT(factory_.RecordOf(kFirst)->Asked(),
              ElementsAre("submit f", "cancel 1", "dump", "kill"));
}

TEST_F(WorkerPoolTest, CallsNeedNoTimerOfTheirOwn) {
  auto session = OpenAndStart();
  session->Submit(Call("f"), Note("f"));
  factory_.ReplyToLast(kFirst);
  const auto timers = timers_.count();
  for (int call = 0; call < 1000; ++call) {
    timers_.Advance(absl::Milliseconds(1));
    session->Submit(Call("f"), Note("f"));
    factory_.ReplyToLast(kFirst);
  }
  EXPECT_EQ(timers_.count(), timers);
}

TEST_F(WorkerPoolTest, ADeadWorkerIsDestroyedAfterItsLastCallback) {
  auto session = OpenAndStart();
  const auto record = factory_.RecordOf(kFirst);
  factory_.ListenerOf(kFirst)->OnExit({});
  EXPECT_THAT(record->Asked(), IsEmpty());
  timers_.Advance(absl::ZeroDuration());
  EXPECT_THAT(record->Asked(), ElementsAre("destroyed"));
}

TEST_F(WorkerPoolTest, ACallIsCancelledByItsHandleAtAnyTime) {
  auto session = OpenAndStart();
  auto call = session->Submit(Call("f"), Note("f"));
  call->Cancel();
  call->Cancel();
  EXPECT_THAT(results_, ElementsAre("f CANCELLED"));
  factory_.ReplyToLast(kFirst);
  call->Cancel();
  EXPECT_THAT(results_, ElementsAre("f CANCELLED"));
}

TEST_F(WorkerPoolTest, TheRegistrysEndCompletesCallsAndKillsWorkers) {
  auto session = OpenAndStart();
  const auto record = factory_.RecordOf(kFirst);
  auto call = session->Submit(Call("f"), Note("f"));
  registry_.reset();
  EXPECT_THAT(results_, ElementsAre("f DRAINING"));
  timers_.Advance(absl::ZeroDuration());
  EXPECT_THAT(record->Asked(), ElementsAre("submit f", "kill", "destroyed"));
  call->Cancel();
  session->Submit(Call("g"), Note("g"));
  EXPECT_EQ(results_.size(), 2);
}

}  // namespace
}  // namespace envknit
