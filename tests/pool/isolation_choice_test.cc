// What AUTO comes to, and why.
#include "server/pool/isolation_choice.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/pool/probing_fixture.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IsolationChoiceTest : public ProbingFixture {
 protected:
  // The choice of a session that is opened now.
  std::string Chosen(const std::shared_ptr<Session>& session) {
    return std::string(session->spec().isolation == IsolationKind::kProcess
                           ? "process: "
                           : "interpreter: ") +
           session->spec().isolation_reason;
  }
  std::shared_ptr<Session> Open() { return *registry_.OpenSession(Auto()); }
  void Exit(WorkerExit exit) {
    throw_away_.Succeed(Trial());
    throw_away_.ListenerOf(Trial())->OnExit(std::move(exit));
  }
};

TEST_F(IsolationChoiceTest, PythonsWithoutInterpretersNeedNoTrial) {
  environment_ = MakeEnvironment("3.11.7", "cpython-311");
  EXPECT_EQ(Chosen(Open()),
            "process: Python 3.11 has no interpreters with a GIL of their own");
  environment_ = MakeEnvironment("3.13.0", "cpython-313t");
  EXPECT_THAT(Chosen(Open()), HasSubstr("process: sub-interpreters need the "
                                        "ordinary build"));
  EXPECT_EQ(trials(), 0U);
  EXPECT_EQ(processes_.Epochs().size(), 2U);
}

TEST_F(IsolationChoiceTest, AnInterpreterWhereEverythingLoads) {
  const auto session = Open();
  EXPECT_THAT(interpreters_.Epochs(), IsEmpty());
  Answer({Loaded(), Loaded()});
  EXPECT_EQ(Chosen(session),
            "interpreter: all 2 modules load in a sub-interpreter");
  EXPECT_THAT(throw_away_.RecordOf(Trial())->Asked(),
              ElementsAre("submit " + EncodeTryImport("fast"),
                          "submit " + EncodeTryImport("slow"), "kill"));
  EXPECT_EQ(interpreters_.Epochs().size(), 1U);
  timers_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(throw_away_.RecordOf(Trial())->Asked().back(), "destroyed");
}

TEST_F(IsolationChoiceTest, AProcessForACExtensionThatCant) {
  const auto session = Open();
  Answer({Loaded(), Incompatible("ImportError: not in subinterpreters")});
  EXPECT_EQ(Chosen(session),
            "process: slow: C extension can't load in a sub-interpreter");
  EXPECT_EQ(processes_.Epochs().size(), 1U);
}

TEST_F(IsolationChoiceTest, AProcessAfterACrash) {
  const auto session = Open();
  WorkerExit exit;
  exit.signal = 6;
  Exit(exit);
  EXPECT_EQ(Chosen(session),
            "process: fast: in a sub-interpreter, importing it ended the "
            "process (signal 6)");
}

TEST_F(IsolationChoiceTest, AProcessWhenAnImportFailsOrTakesTooLong) {
  const auto failing = Open();
  Answer({Failed("ModuleNotFoundError: No module named 'rust'")});
  EXPECT_THAT(Chosen(failing), HasSubstr("process: fast: can't be imported"));
  EXPECT_THAT(Chosen(failing), HasSubstr("No module named 'rust'"));
  environment_ = MakeEnvironment("3.12.1", "cpython-312");
  const auto slow = Open();
  throw_away_.Succeed(Trial());
  timers_.Advance(absl::Seconds(31));
  EXPECT_THAT(Chosen(slow), HasSubstr("fast: can't be imported in a "
                                      "sub-interpreter: not imported within"));
  EXPECT_EQ(throw_away_.RecordOf(Trial())->Asked()[1], "kill");
}

TEST_F(IsolationChoiceTest, NoInterpreterAtAllIsAskedForAgain) {
  const auto session = Open();
  throw_away_.Fail(
      Trial(), MakeError(ErrorReason::kWorkerUnavailable, "no process left"));
  EXPECT_EQ(Chosen(session),
            "process: no sub-interpreter could be tried: no process left");
  Open();
  EXPECT_EQ(trials(), 2U);
}

TEST_F(IsolationChoiceTest, AllWaitForOneTrialAndItIsRemembered) {
  const auto first = Open();
  const auto second = Open();
  EXPECT_EQ(trials(), 1U);
  Answer({Incompatible("no")});
  EXPECT_EQ(Chosen(first), Chosen(second));
  EXPECT_EQ(first->spec().isolation, IsolationKind::kProcess);
  EXPECT_EQ(Chosen(Open()), Chosen(first));
  EXPECT_EQ(trials(), 1U);
}

TEST_F(IsolationChoiceTest, MemoryIsBounded) {
  auto probes = std::make_shared<ImportProbes>(
      ImportProbes::Options{.max_remembered = 2},
      ImportProbe::Parts{&throw_away_, &clock_, &timers_}, &logger_, 7);
  const auto ask = [&](const char* module) {
    const std::size_t before = trials();
    probes->Try(environment_, {module}, [](const ImportVerdict&) {});
    const bool asked = trials() != before;
    if (asked) Answer({Loaded()});
    return asked;
  };
  EXPECT_TRUE(ask("a"));
  EXPECT_TRUE(ask("b"));
  EXPECT_FALSE(ask("a"));
  EXPECT_TRUE(ask("c"));
  EXPECT_TRUE(ask("a"));
  EXPECT_FALSE(ask("c"));
}

TEST_F(IsolationChoiceTest, FewTrialsRunAtATime) {
  std::vector<std::string> done;
  for (const char* module : {"a", "b", "c"}) {
    probes_->Try(environment_, {module}, [&done, module](const ImportVerdict&) {
      done.push_back(module);
    });
  }
  EXPECT_EQ(trials(), 2U);
  throw_away_.Fail(throw_away_.Epochs()[0], absl::UnavailableError("gone"));
  EXPECT_EQ(trials(), 3U);
  probes_->Shutdown();
  EXPECT_THAT(done, testing::UnorderedElementsAre("a", "b", "c"));
  probes_->Try(environment_, {"d"}, [&done](const ImportVerdict& verdict) {
    EXPECT_EQ(verdict.kind, ImportVerdict::Kind::kUntried);
    EXPECT_EQ(GetErrorDetail(verdict.problem)->reason, ErrorReason::kDraining);
    done.push_back("d");
  });
  EXPECT_EQ(done.back(), "d");
}

}  // namespace
}  // namespace envknit
