// However a host ends, each of its interpreters hears of it, and whether it was
// to blame.
#include <csignal>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/worker/host_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

using HostEndTest = HostFixture;

TEST_F(HostEndTest, AKillTakesTheOthersAlongAsCollateral) {
  TestInterpreter guilty = Open();
  TestInterpreter running = Open();
  TestInterpreter idle = Open();
  running.Submit("wait_cancel");
  ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
  guilty.Submit("hang");
  ASSERT_TRUE(lines_.WaitFor("stdout:busy"));
  guilty.worker->Kill();
  const WorkerExit exit = guilty.listener->TakeExit();
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_FALSE(exit.collateral);
  EXPECT_TRUE(running.listener->TakeExit().collateral);
  EXPECT_TRUE(idle.listener->TakeExit().collateral);
  EXPECT_EQ(running.worker->Progress(1), CallProgress::kRunning);
  // The next one starts another host.
  EXPECT_EQ(Open().Run("echo:on").body, "on");
}

TEST_F(HostEndTest, NothingIsOpenedInAHostThatIsBeingKilled) {
  TestInterpreter guilty = Open();
  guilty.Submit("hang");
  ASSERT_TRUE(lines_.WaitFor("stdout:busy"));
  guilty.worker->Kill();
  // Not waiting for the exit: the pool doesn't either.
  EXPECT_EQ(Open().Run("echo:on").body, "on");
  EXPECT_EQ(guilty.listener->TakeExit().signal, SIGKILL);
}

TEST_F(HostEndTest, APageNamesTheCulprit) {
  for (const char* how : {"exit:3", "crash"}) {
    TestInterpreter guilty = Open();
    TestInterpreter running = Open();
    running.Submit("wait_cancel");
    ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
    guilty.Submit(how);
    EXPECT_FALSE(guilty.listener->TakeExit().collateral) << how;
    EXPECT_TRUE(running.listener->TakeExit().collateral) << how;
  }
}

TEST_F(HostEndTest, WithoutAPageTheOneThatRanIsToBlame) {
  TestInterpreter ran = Open();
  TestInterpreter idle = Open();
  ran.Submit("vanish:3");
  const WorkerExit exit = ran.listener->TakeExit();
  EXPECT_FALSE(exit.collateral);
  EXPECT_EQ(exit.stderr_tail, "gone\n");
  const WorkerExit others = idle.listener->TakeExit();
  EXPECT_TRUE(others.collateral);
  // What one prints is not for another's client.
  EXPECT_EQ(others.stderr_tail, "");
}

TEST_F(HostEndTest, OneThatDoesNotCloseTakesItsHostDown) {
  options_.close_timeout = absl::Milliseconds(100);
  TestInterpreter stays = Open("stays");
  TestInterpreter other = Open();
  stays.worker->Stop();
  const WorkerExit exit = stays.listener->TakeExit();
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_FALSE(exit.collateral);
  EXPECT_TRUE(other.listener->TakeExit().collateral);
}

struct Offence {
  const char* what;
  std::string command;
  const char* error;
  // The interpreter is known, so the others are collateral.
  bool has_culprit;
};

TEST_F(HostEndTest, WhatBreaksTheContractIsKilledAndNamed) {
  const Offence offences[] = {
      {"READY again", "control:66:1", "READY of interpreter 1", false},
      {"CLOSED of a live one", "control:74:2",
       "INTERPRETER_CLOSED of interpreter 2", false},
      {"an unknown number", "control:66:77", "READY of interpreter 77", false},
      {"a frame for workers", "control:70:1", "CANCEL of interpreter 1", false},
      {"HELLO again", "control:64:0", "unexpected HELLO", false},
      {"no frame kind", "control:63:0", "kind", false},
      {"a false reply", "forge", "reply to call 0/101", true},
      {"a closed call channel", "close_call", "closed its call channel", true},
  };
  for (const Offence& offence : offences) {
    TestInterpreter hostile = Open();
    TestInterpreter other = Open();
    other.Submit("wait_cancel");
    ASSERT_TRUE(lines_.WaitFor("stdout:waiting"));
    hostile.Submit(offence.command);
    const WorkerExit exit = hostile.listener->TakeExit();
    EXPECT_EQ(exit.signal, SIGKILL) << offence.what;
    ASSERT_TRUE(exit.protocol_error.has_value()) << offence.what;
    EXPECT_THAT(*exit.protocol_error, HasSubstr(offence.error)) << offence.what;
    EXPECT_FALSE(exit.collateral && offence.has_culprit) << offence.what;
    const WorkerExit others = other.listener->TakeExit();
    EXPECT_EQ(others.collateral, offence.has_culprit) << offence.what;
    EXPECT_EQ(others.protocol_error.has_value(), !offence.has_culprit);
  }
}

TEST_F(HostEndTest, AHostThatIsReadyTwiceInTheBeginningIsKilled) {
  absl::StatusOr<TestInterpreter> opened = TryOpen("twice_ready");
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_THAT(*opened->listener->TakeExit().protocol_error,
              HasSubstr("READY of interpreter 1"));
}

}  // namespace
}  // namespace envknit
