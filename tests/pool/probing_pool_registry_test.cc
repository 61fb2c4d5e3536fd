// Calls that wait for a choice or a trial: in their order, with their
// deadlines, and only those that must.
#include "server/pool/probing_pool_registry.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/pool/probing_fixture.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ProbingPoolRegistryTest : public ProbingFixture {
 protected:
  std::shared_ptr<Session> OpenInterpreter() {
    auto session =
        *registry_.OpenSession(Explicit(IsolationKind::kSubinterpreter));
    interpreters_.Succeed(interpreters_.Epochs().back());
    return session;
  }
  std::vector<std::string> AskedOfInterpreter() const {
    return interpreters_.RecordOf(interpreters_.Epochs().back())->Asked();
  }
  void ReplyFromInterpreter(const std::string& body = "") {
    WorkerReply reply;
    reply.body = body;
    interpreters_.ReplyToLast(interpreters_.Epochs().back(), std::move(reply));
  }
};

TEST_F(ProbingPoolRegistryTest, ProcessesPassThrough) {
  auto session = *registry_.OpenSession(Explicit(IsolationKind::kProcess));
  processes_.Succeed(processes_.Epochs().back());
  EXPECT_EQ(*registry_.FindSession(session->name(), "uid:1"), session);
  session->Submit(Call(CallKind::kTryImport, "fast"), Note("try"));
  session->Submit(Call(CallKind::kImport, "fast"), Note("import"));
  EXPECT_THAT(processes_.RecordOf(processes_.Epochs().back())->Asked(),
              ElementsAre("submit fast", "submit fast"));
  registry_.Call(environment_, IsolationRequest::kProcess, "uid:1",
                 Call(CallKind::kTryImport, "fast"), Note("call"));
  EXPECT_EQ(processes_.Epochs().size(), 2U);
  EXPECT_EQ(trials(), 0U);
}

TEST_F(ProbingPoolRegistryTest, AModuleIsTriedElsewhereFirst) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "fast"), Note("try"));
  EXPECT_THAT(AskedOfInterpreter(), IsEmpty());
  Answer({Loaded()});
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit fast"));
  ReplyFromInterpreter(Loaded());
  EXPECT_THAT(results_, ElementsAre("try OK " + Loaded()));
  // Known now; an import of the same needs no other trial.
  session->Submit(Call(CallKind::kImport, "fast"), Note("import"));
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit fast", "submit fast"));
  EXPECT_EQ(trials(), 1U);
}

TEST_F(ProbingPoolRegistryTest, AnIncompatibleModuleReachesNoSession) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "slow"), Note("try"));
  const std::string response = Incompatible("ImportError: no");
  Answer({response});
  session->Submit(Call(CallKind::kImport, "slow"), Note("import"));
  EXPECT_THAT(results_,
              ElementsAre("try OK " + response, "import CEXT_INCOMPATIBLE"));
  const auto detail = GetErrorDetail(last_.status);
  EXPECT_EQ(detail->metadata.at("module"), "slow");
  EXPECT_EQ(detail->metadata.at("why"), "ImportError: no");
  EXPECT_THAT(AskedOfInterpreter(), IsEmpty());
}

TEST_F(ProbingPoolRegistryTest, ACrashedTrialIsAVerdict) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "slow"), Note("try"));
  throw_away_.Succeed(Trial());
  WorkerExit exit;
  exit.signal = 6;
  throw_away_.ListenerOf(Trial())->OnExit(exit);
  const TryImportReply reply = DecodeTryImport(last_.body);
  EXPECT_EQ(reply.verdict, TryImportReply::Verdict::kIncompatible);
  EXPECT_THAT(reply.reason, HasSubstr("ended the process (signal 6)"));
}

TEST_F(ProbingPoolRegistryTest, AFailedImportIsSeenWhereItWasAskedFor) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kImport, "nope"), Note("import"));
  Answer({Failed("ModuleNotFoundError")});
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit nope"));
}

TEST_F(ProbingPoolRegistryTest, PureEnvironmentsImportAtOnce) {
  auto pure = std::make_shared<Environment>(*environment_);
  pure->contents->has_compiled_files = false;
  environment_ = pure;
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kImport, "fast"), Note("import"));
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit fast"));
  EXPECT_EQ(trials(), 0U);
}

TEST_F(ProbingPoolRegistryTest, CallsKeepTheirOrderWhileOneIsTried) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kImport, "fast"), Note("import"));
  session->Submit(Call(CallKind::kCall, "f"), Note("f"));
  // Whoever finds the session by name passes the same gate.
  auto found = *registry_.FindSession(session->name(), "uid:1");
  found->Submit(Call(CallKind::kCall, "g"), Note("g"));
  EXPECT_THAT(AskedOfInterpreter(), IsEmpty());
  Answer({Loaded()});
  EXPECT_THAT(AskedOfInterpreter(),
              ElementsAre("submit fast", "submit f", "submit g"));
}

TEST_F(ProbingPoolRegistryTest, AWaitingCallsDeadlineHolds) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "fast", absl::Seconds(1)),
                  Note("try"));
  session->Submit(Call(CallKind::kCall, "f"), Note("f"));
  timers_.Advance(absl::Seconds(2));
  EXPECT_THAT(results_, ElementsAre("try DEADLINE_EXPIRED_QUEUED"));
  // What stood behind it goes on.
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit f"));
  Answer({Loaded()});
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit f"));
}

TEST_F(ProbingPoolRegistryTest, AWaitingCallCanBeCancelled) {
  auto session = OpenInterpreter();
  auto handle = session->Submit(Call(CallKind::kTryImport, "fast"), Note("a"));
  handle->Cancel();
  const CallSpec by_name = Call(CallKind::kTryImport, "fast");
  const uint64_t id = by_name.client_call_id;
  session->Submit(by_name, Note("b"));
  (*registry_.FindSession(session->name(), "uid:1"))->Cancel(0, id);
  EXPECT_THAT(results_, ElementsAre("a CANCELLED", "b CANCELLED"));
  // One that was passed on is cancelled on its worker.
  handle = session->Submit(Call(CallKind::kTryImport, "fast"), Note("c"));
  Answer({Loaded()});
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit fast"));
  handle->Cancel();
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit fast", "cancel 1"));
}

TEST_F(ProbingPoolRegistryTest, WhatWaitsIsBounded) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "fast"), Note("try"));
  CallSpec large = Call(CallKind::kCall, "large");
  large.body = std::string(1000, 'x');
  session->Submit(large, Note("large"));
  session->Submit(Call(CallKind::kCall, "f"), Note("f"));
  session->Submit(Call(CallKind::kCall, "g"), Note("g"));
  registry_.Call(environment_, IsolationRequest::kAuto, "uid:1",
                 Call(CallKind::kCall, "h"), Note("h"));
  EXPECT_THAT(results_,
              ElementsAre("large POOL_EXHAUSTED", "h POOL_EXHAUSTED"));
  Answer({Loaded()});
  // There is room again.
  session->Submit(Call(CallKind::kTryImport, "slow"), Note("slow"));
  EXPECT_EQ(results_.size(), 2U);
}

TEST_F(ProbingPoolRegistryTest, ClosingEndsWhatWaits) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "fast"), Note("try"));
  session->Close();
  EXPECT_THAT(results_, ElementsAre("try CANCELLED"));
  EXPECT_FALSE(registry_.FindSession(session->name(), "uid:1").ok());
}

TEST_F(ProbingPoolRegistryTest, CallsMayFollowBeforeTheChoice) {
  auto session = *registry_.OpenSession(Auto());
  EXPECT_EQ(session->name(), "");
  session->Submit(Call(CallKind::kCall, "f"), Note("f"));
  absl::optional<absl::StatusOr<WorkerInfo>> ready;
  session->WhenReady([&](auto worker) { ready = std::move(worker); });
  Answer({Loaded(), Loaded()});
  interpreters_.Succeed(interpreters_.Epochs().back());
  ASSERT_TRUE(ready.has_value() && ready->ok());
  EXPECT_EQ(session->name().size(), 32U);
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit f"));
  EXPECT_EQ(*registry_.FindSession(session->name(), "uid:1"), session);
}

TEST_F(ProbingPoolRegistryTest, AnOpeningThatIsGivenUpLeavesNoSession) {
  auto session = *registry_.OpenSession(Auto());
  absl::Status told;
  session->WhenReady([&](const auto& worker) { told = worker.status(); });
  session->Submit(Call(CallKind::kCall, "f"), Note("f"));
  session->Close();
  EXPECT_EQ(GetErrorDetail(told)->reason, ErrorReason::kCancelled);
  EXPECT_THAT(results_, ElementsAre("f CANCELLED"));
  Answer({Loaded(), Loaded()});
  EXPECT_THAT(registry_.ListSessions(), IsEmpty());
}

TEST_F(ProbingPoolRegistryTest, TheChoiceCountsAsStarting) {
  SessionSpec spec = Auto();
  spec.start_timeout = absl::Seconds(5);
  auto session = *registry_.OpenSession(spec);
  absl::Status told;
  session->WhenReady([&](const auto& worker) { told = worker.status(); });
  timers_.Advance(absl::Seconds(6));
  EXPECT_EQ(GetErrorDetail(told)->reason, ErrorReason::kWorkerUnavailable);
  session->Submit(Call(CallKind::kCall, "f"), Note("f"));
  EXPECT_THAT(results_, ElementsAre("f WORKER_UNAVAILABLE"));
}

TEST_F(ProbingPoolRegistryTest, ACallWithoutASessionWaitsToo) {
  registry_.Call(environment_, IsolationRequest::kAuto, "uid:1",
                 Call(CallKind::kCall, "f"), Note("f"));
  EXPECT_THAT(interpreters_.Epochs(), IsEmpty());
  Answer({Loaded(), Loaded()});
  interpreters_.Succeed(interpreters_.Epochs().back());
  EXPECT_THAT(AskedOfInterpreter(), ElementsAre("submit f"));
  ReplyFromInterpreter();
  ASSERT_NE(last_.isolation, nullptr);
  EXPECT_EQ(last_.isolation->kind, IsolationKind::kSubinterpreter);
  // Another kind of call on another module: chosen already, tried once more.
  registry_.Call(environment_, IsolationRequest::kAuto, "uid:1",
                 Call(CallKind::kTryImport, "deep.fast"), Note("try"));
  Answer({Incompatible("no")});
  EXPECT_EQ(results_.back(), "try OK " + Incompatible("no"));
}

TEST_F(ProbingPoolRegistryTest, AutoOnAnOldPythonRunsAtOnce) {
  environment_ = MakeEnvironment("3.11.7", "cpython-311");
  registry_.Call(environment_, IsolationRequest::kAuto, "uid:1",
                 Call(CallKind::kImport, "fast"), Note("import"));
  processes_.Succeed(processes_.Epochs().back());
  processes_.ReplyToLast(processes_.Epochs().back());
  ASSERT_NE(last_.isolation, nullptr);
  EXPECT_THAT(last_.isolation->reason, HasSubstr("Python 3.11 has no"));
}

TEST_F(ProbingPoolRegistryTest, AShutdownEndsTrialsAndWhatWaitsForThem) {
  auto session = OpenInterpreter();
  session->Submit(Call(CallKind::kTryImport, "fast"), Note("try"));
  auto unchosen = *registry_.OpenSession(Auto());
  bool told = false;
  unchosen->WhenReady([&](const auto& worker) { told = !worker.ok(); });
  registry_.Shutdown([] {});
  EXPECT_THAT(results_, ElementsAre("try DRAINING"));
  EXPECT_TRUE(told || !unchosen->name().empty());
}

}  // namespace
}  // namespace envknit
