// A worker that breaks the frame contract is killed for it, the reason is told,
// and nobody takes its forgery for a reply.
#include <csignal>
#include <string>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/worker/worker_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

struct Forgery {
  const char* command;
  const char* error;
};

class HostileWorkerTest : public WorkerFixture,
                          public ::testing::WithParamInterface<Forgery> {};

TEST_P(HostileWorkerTest, IsKilledAndNamed) {
  StartWorker();
  EXPECT_EQ(Run(1, "handles:50").first_handle, 50U);
  Submit(2, GetParam().command);
  const WorkerExit exit = listener_.TakeExit();
  EXPECT_EQ(exit.signal, SIGKILL);
  ASSERT_TRUE(exit.protocol_error.has_value());
  EXPECT_THAT(*exit.protocol_error, HasSubstr(GetParam().error));
  EXPECT_FALSE(listener_.HasReply());
}

INSTANTIATE_TEST_SUITE_P(
    Table, HostileWorkerTest,
    ::testing::Values(
        Forgery{"unknown_id", "reply to call 0/102, the next is 2"},
        Forgery{"wrong_session", "reply for session 4"},
        Forgery{"wrong_carrier", "reply to call 3/2"},
        Forgery{"no_reply_kind", "PONG on the call channel"},
        Forgery{"false_interrupt", "was not cancelled"},
        Forgery{"false_skip", "was not cancelled"},
        Forgery{"many_handles", "claims 1000000 handles"},
        Forgery{"wrapping_handles", "not a new one"},
        Forgery{"zero_handle", "not a new one"},
        Forgery{"handles:50", "not a new one"},
        Forgery{"big:17000000", "over the limit"},
        Forgery{"raw:GET / HTTP/1.1\r\nHost: localhost, and some more text",
                "frame of version"}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

class HostileAfterReplyTest : public WorkerFixture {};

TEST_F(HostileAfterReplyTest, AReplyTooManyIsItsLast) {
  StartWorker();
  EXPECT_EQ(Run(1, "twice").body, "body");
  EXPECT_THAT(*listener_.TakeExit().protocol_error, HasSubstr("none is open"));
}

TEST_F(HostileAfterReplyTest, AClosedCallChannelEndsIt) {
  StartWorker();
  EXPECT_EQ(Run(1, "close_call").body, "body");
  EXPECT_THAT(*listener_.TakeExit().protocol_error,
              HasSubstr("closed its call channel"));
}

TEST_F(HostileAfterReplyTest, OthersNoticeNothing) {
  StartWorker();
  RecordingListener other_listener;
  std::unique_ptr<Worker> other;
  absl::Notification started;
  factory_->Start(MakeSpec(), &other_listener, [&](auto worker) {
    other = *std::move(worker);
    started.Notify();
  });
  started.WaitForNotification();
  Submit(1, "unknown_id");
  listener_.TakeExit();
  WorkerCall call;
  call.id = 1;
  call.body = "echo:fine";
  other->Submit(std::move(call));
  EXPECT_EQ(other_listener.TakeReply().body, "fine");
}

}  // namespace
}  // namespace envknit
