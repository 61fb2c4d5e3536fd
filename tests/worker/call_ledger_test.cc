#include "server/worker/call_ledger.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

Frame ReplyTo(CallId id, std::string payload = "body") {
  Frame frame;
  frame.header.kind = FrameKind::kReply;
  frame.header.call_id = id;
  frame.header.session = 3;
  frame.payload = std::move(payload);
  return frame;
}

void ExpectBroken(CallLedger& ledger, Frame frame, const std::string& why) {
  const absl::StatusOr<WorkerReply> reply = ledger.Take(std::move(frame));
  ASSERT_FALSE(reply.ok()) << why;
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr(why));
}

TEST(CallLedgerTest, RefusesIdsThatDoNotIncrease) {
  CallLedger ledger;
  EXPECT_FALSE(ledger.Add(0, 3));
  EXPECT_TRUE(ledger.Add(5, 3));
  EXPECT_FALSE(ledger.Add(5, 3));
  EXPECT_FALSE(ledger.Add(4, 3));
  EXPECT_TRUE(ledger.Add(6, 3));
}

TEST(CallLedgerTest, RefusesRepliesOutOfOrderAndWithoutACall) {
  CallLedger ledger;
  ExpectBroken(ledger, ReplyTo(1), "none is open");
  ledger.Add(1, 3);
  ledger.Add(2, 3);
  ExpectBroken(ledger, ReplyTo(2), "the next is 1");
}

TEST(CallLedgerTest, RefusesASkippedCallWithAResult) {
  CallLedger ledger;
  ledger.Add(1, 3);
  ledger.MarkCancelled(1);
  Frame frame = ReplyTo(1);
  frame.header.flags = kFrameSkipped;
  ExpectBroken(ledger, std::move(frame), "has a result");
}

TEST(CallLedgerTest, RefusesHandlesOfAFailure) {
  CallLedger ledger;
  ledger.Add(1, 3);
  Frame frame = ReplyTo(1);
  frame.header.status = StatusCode::kInternal;
  frame.header.first_handle = 7;
  frame.header.handle_count = 1;
  ExpectBroken(ledger, std::move(frame), "claims 1 handles");
}

TEST(CallLedgerTest, ForgetsACallThatWasNotSent) {
  CallLedger ledger;
  ledger.Add(1, 3);
  ledger.Add(2, 3);
  ledger.RemoveLast();
  EXPECT_TRUE(ledger.Take(ReplyTo(1)).ok());
  EXPECT_TRUE(ledger.Empty());
  // Its id stays used.
  EXPECT_FALSE(ledger.Add(2, 3));
}

TEST(CallLedgerTest, CancelsOnlyCallsThatAreOpen) {
  CallLedger ledger;
  EXPECT_FALSE(ledger.MarkCancelled(1));
  ledger.Add(1, 3);
  EXPECT_TRUE(ledger.MarkCancelled(1));
  EXPECT_TRUE(ledger.Take(ReplyTo(1)).ok());
  EXPECT_FALSE(ledger.MarkCancelled(1));
}

TEST(CallLedgerTest, HandlesMustBeNewOnes) {
  CallLedger ledger;
  for (CallId id = 1; id <= 3; ++id) ledger.Add(id, 3);
  Frame frame = ReplyTo(1);
  frame.header.first_handle = 10;
  frame.header.handle_count = 3;
  EXPECT_EQ(ledger.Take(frame)->handle_count, 3U);
  frame = ReplyTo(2);
  frame.header.first_handle = 12;
  frame.header.handle_count = 1;
  ExpectBroken(ledger, frame, "the last was 12");
  frame.header.first_handle = 13;
  EXPECT_EQ(ledger.Take(frame)->first_handle, 13U);
}

}  // namespace
}  // namespace envknit
