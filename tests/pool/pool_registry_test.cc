#include "server/pool/pool_registry.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/pool/pool_fixture.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

ErrorReason ReasonOf(const absl::Status& status) {
  return GetErrorDetail(status)->reason;
}

class PoolRegistryTest : public PoolFixture {};

TEST_F(PoolRegistryTest, AKindWithoutFactoryIsNotAvailable) {
  SessionSpec spec = Spec();
  spec.isolation = IsolationKind::kSubinterpreter;
  EXPECT_EQ(ReasonOf(registry_->OpenSession(spec).status()),
            ErrorReason::kRuntimeNotAvailable);
  registry_->Call(environment_, IsolationRequest::kSubinterpreter, "uid:1",
                  Call("f"), Note("f"));
  EXPECT_THAT(results_, ElementsAre("f RUNTIME_NOT_AVAILABLE"));
}

TEST_F(PoolRegistryTest, SessionsAreFoundByNameAndIdentityOnly) {
  auto session = OpenAndStart();
  EXPECT_EQ(session->name().size(), 32);
  EXPECT_EQ(ReasonOf(registry_->FindSession("x", "uid:1").status()),
            ErrorReason::kSessionNotFound);
  EXPECT_EQ(ReasonOf(registry_->FindSession(session->name(), "uid:2").status()),
            ErrorReason::kSessionNotFound);
  EXPECT_EQ(*registry_->FindSession(session->name(), "uid:1"), session);
  session->Close();
  session->Close();
  EXPECT_FALSE(registry_->FindSession(session->name(), "uid:1").ok());
  session->Submit(Call("f"), Note("f"));
  EXPECT_THAT(results_, ElementsAre("f SESSION_NOT_FOUND"));
}

TEST_F(PoolRegistryTest, NamesOfSessionsDiffer) {
  EXPECT_NE(OpenAndStart()->name(), OpenAndStart()->name());
}

TEST_F(PoolRegistryTest, TellsTheFirstWorkerWhenItIsReady) {
  auto session = registry_->OpenSession(Spec());
  WorkerInfo info;
  (*session)->WhenReady([&](const auto& worker) { info = *worker; });
  EXPECT_EQ(info.epoch, 0);
  factory_.Succeed(kFirst);
  EXPECT_EQ(info.epoch, kFirst);
  EXPECT_EQ(info.python, "3.11.7");
}

TEST_F(PoolRegistryTest, AnImplicitSessionIsNamedInTheResultAndFound) {
  registry_->Call(environment_, IsolationRequest::kProcess, "uid:1", Call("f"),
                  Note("f"));
  factory_.Succeed(kFirst);
  WorkerReply reply;
  reply.first_handle = 1;
  reply.handle_count = 1;
  factory_.ReplyToLast(kFirst, std::move(reply));
  ASSERT_FALSE(last_.implicit_session.empty());
  auto session = registry_->FindSession(last_.implicit_session, "uid:1");
  ASSERT_TRUE(session.ok());
  (*session)->Submit(Call("g"), Note("g"));
  factory_.ReplyToLast(kFirst);
  EXPECT_THAT(results_, ElementsAre("f OK", "g OK"));
  timers_.Advance(absl::Seconds(61));
  EXPECT_FALSE(registry_->FindSession(last_.implicit_session, "uid:1").ok());
}

TEST_F(PoolRegistryTest, PoolsAreSharedByDigest) {
  registry_->Call(environment_, IsolationRequest::kProcess, "uid:1", Call("f"),
                  Note("f"));
  factory_.Succeed(kFirst);
  factory_.ReplyToLast(kFirst);
  auto same = std::make_shared<Environment>(*environment_);
  registry_->Call(same, IsolationRequest::kProcess, "uid:1", Call("g"),
                  Note("g"));
  EXPECT_EQ(factory_.Epochs().size(), 1);
  auto other = std::make_shared<Environment>(*environment_);
  other->digest = "d2";
  registry_->Call(other, IsolationRequest::kProcess, "uid:1", Call("h"),
                  Note("h"));
  EXPECT_THAT(factory_.Epochs(), ElementsAre(kFirst, kFirst + 1))
      << "epochs are numbered across pools";
}

TEST_F(PoolRegistryTest, AnEpochLivesUntilItsWorkerEnds) {
  EXPECT_FALSE(registry_->EpochIsAlive(kFirst));
  auto session = OpenAndStart();
  EXPECT_TRUE(registry_->EpochIsAlive(kFirst));
  EXPECT_FALSE(registry_->EpochIsAlive(kFirst & 0xffffffff))
      << "of another daemon instance";
  factory_.ListenerOf(kFirst)->OnExit({});
  EXPECT_FALSE(registry_->EpochIsAlive(kFirst));
}

TEST_F(PoolRegistryTest, ListsWorkersAndCountsCalls) {
  auto session = OpenAndStart();
  session->Submit(Call("f"), Note("f"));
  auto workers = registry_->ListWorkers();
  ASSERT_EQ(workers.size(), 1);
  EXPECT_EQ(workers[0].environment, "env");
  EXPECT_EQ(workers[0].session, session->name());
  EXPECT_EQ(workers[0].running, "f");
  EXPECT_EQ(workers[0].handles, 3) << "as it says itself";
  EXPECT_EQ(workers[0].state, WorkerSnapshot::State::kBusy);
  factory_.ReplyToLast(kFirst);
  EXPECT_EQ(registry_->ListWorkers()[0].calls, 1);
  EXPECT_THAT(registry_->CallCounts(), ElementsAre(Pair(CallKind::kCall, 1)));
}

TEST_F(PoolRegistryTest, ListsWorkersAndSessionsOfAllPoolsInTheirOrder) {
  std::vector<std::shared_ptr<Session>> opened;
  for (int i = 0; i < 12; ++i) {
    SessionSpec spec = Spec();
    auto environment = std::make_shared<Environment>(*environment_);
    environment->name = absl::StrCat("env", i % 4);
    environment->digest = environment->name;
    spec.environment = environment;
    auto session = registry_->OpenSession(std::move(spec));
    ASSERT_TRUE(session.ok()) << session.status();
    opened.push_back(*session);
    factory_.Succeed(factory_.Epochs().back());
    timers_.Advance(absl::Seconds(1));
  }
  const auto workers = registry_->ListWorkers();
  const auto sessions = registry_->ListSessions();
  ASSERT_EQ(workers.size(), 12);
  ASSERT_EQ(sessions.size(), 12);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(workers[i].info.epoch, kFirst + i);
    EXPECT_EQ(sessions[i].epoch, kFirst + i);
    EXPECT_EQ(sessions[i].name, opened[i]->name());
    EXPECT_EQ(sessions[i].environment, absl::StrCat("env", i % 4));
  }
}

TEST_F(PoolRegistryTest, ASessionIsListedWithWhatItsOpenerSaid) {
  SessionSpec spec = Spec("uid:7");
  spec.labels = {{"job", "nightly"}};
  ASSERT_TRUE(registry_->OpenSession(std::move(spec)).ok());
  auto sessions = registry_->ListSessions();
  ASSERT_EQ(sessions.size(), 1);
  EXPECT_EQ(sessions[0].identity, "uid:7");
  EXPECT_THAT(sessions[0].labels, ElementsAre(Pair("job", "nightly")));
  EXPECT_EQ(sessions[0].handles, 0) << "it has no worker yet";
  factory_.Succeed(kFirst);
  EXPECT_EQ(registry_->ListSessions()[0].handles, 3);
}

TEST_F(PoolRegistryTest, ShutdownIsDoneWhenTheLastWorkerIsReaped) {
  auto session = OpenAndStart();
  bool done = false;
  registry_->Shutdown([&] { done = true; });
  EXPECT_THAT(factory_.RecordOf(kFirst)->Asked(), ElementsAre("stop"));
  EXPECT_FALSE(done);
  EXPECT_EQ(ReasonOf(registry_->OpenSession(Spec()).status()),
            ErrorReason::kDraining);
  factory_.ListenerOf(kFirst)->OnExit({});
  EXPECT_TRUE(done);
}

TEST_F(PoolRegistryTest, ShutdownOfNothingIsDoneAtOnce) {
  bool done = false;
  registry_->Shutdown([&] { done = true; });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace envknit
