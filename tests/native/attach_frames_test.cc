// The frames are written by hand; protobuf's own parser is the judge.
#include "python_client/native/attach_frames.h"

#include <gtest/gtest.h>

#include <string>

#include "envknit/v1/attach.pb.h"
#include "envknit/v1/calls.pb.h"

namespace envknit::native {
namespace {

v1::AttachRequest Parsed(const AttachFrame& frame, uint64_t call_id) {
  v1::AttachRequest request;
  EXPECT_TRUE(request.ParseFromString(EncodeHead(frame, call_id) + frame.body));
  return request;
}

TEST(ParseReplyTest, RefusesBytesThatAreNoMessage) {
  AttachReply reply;
  for (const char* bytes : {"\xff", "\x12\x05six", "\x08", "\x0b"}) {
    EXPECT_FALSE(ParseReply(bytes, &reply)) << bytes;
  }
}

TEST(ParseReplyTest, SkipsFieldsOfTheWrongType) {
  AttachReply reply;
  // Field 1 as text, field 2 as a number.
  EXPECT_TRUE(ParseReply(std::string("\x0a\x01x\x10\x07", 5), &reply));
  EXPECT_EQ(reply.call_id, 0u);
  EXPECT_EQ(reply.kind, AttachReply::Kind::kNone);
}

TEST(ParseReplyTest, ReadsEachKind) {
  v1::AttachResponse response;
  response.set_call_id(300);
  response.set_body("payload");
  response.set_execution_us(7);
  response.mutable_info()->set_epoch(9);
  AttachReply reply;
  const std::string body = response.SerializeAsString();
  ASSERT_TRUE(ParseReply(body, &reply));
  EXPECT_EQ(reply.call_id, 300u);
  EXPECT_EQ(reply.kind, AttachReply::Kind::kBody);
  EXPECT_EQ(reply.payload, "payload");
  EXPECT_EQ(reply.execution_us, 7u);
  EXPECT_EQ(std::string(reply.info), response.info().SerializeAsString());

  response.mutable_error()->set_code(4);
  const std::string error = response.SerializeAsString();
  ASSERT_TRUE(ParseReply(error, &reply));
  EXPECT_EQ(reply.kind, AttachReply::Kind::kError);

  response.mutable_hello()->set_max_body_bytes(1 << 20);
  const std::string hello = response.SerializeAsString();
  ASSERT_TRUE(ParseReply(hello, &reply));
  EXPECT_EQ(reply.kind, AttachReply::Kind::kHello);
  EXPECT_EQ(ParseHelloLimit(reply.payload), 1u << 20);
}

TEST(EncodeHeadTest, WritesCallsThatProtobufReads) {
  AttachFrame frame;
  frame.method = AttachMethod::kGetAttr;
  frame.session_number = 3;
  frame.timeout = std::chrono::milliseconds(2500);
  frame.idempotent = true;
  frame.body = std::string(1000, 'b');
  const v1::AttachCall call = Parsed(frame, 200).call();
  EXPECT_EQ(call.call_id(), 200u);
  EXPECT_EQ(call.method(), v1::ATTACH_METHOD_GET_ATTR);
  EXPECT_EQ(call.session_number(), 3u);
  EXPECT_EQ(call.timeout().seconds(), 2);
  EXPECT_EQ(call.timeout().nanos(), 500'000'000);
  EXPECT_TRUE(call.idempotent());
  EXPECT_EQ(call.body(), frame.body);
}

TEST(EncodeHeadTest, LeavesOutAnAbsentTimeout) {
  AttachFrame frame;
  frame.body = "x";
  EXPECT_FALSE(Parsed(frame, 1).call().has_timeout());
}

TEST(EncodeHeadTest, WritesTheOtherKinds) {
  AttachFrame open;
  open.kind = FrameKind::kOpen;
  open.session_number = 5;
  v1::OpenSessionRequest request;
  request.mutable_environment()->set_name("ml");
  open.body = request.SerializeAsString();
  EXPECT_EQ(Parsed(open, 1).open().request().environment().name(), "ml");
  EXPECT_EQ(Parsed(open, 1).open().session_number(), 5u);

  AttachFrame close;
  close.kind = FrameKind::kClose;
  close.session_number = 5;
  EXPECT_EQ(Parsed(close, 2).close().session_number(), 5u);
  EXPECT_EQ(Parsed(close, 2).close().call_id(), 2u);

  AttachFrame cancel;
  cancel.kind = FrameKind::kCancel;
  cancel.target_call_id = 77;
  EXPECT_EQ(Parsed(cancel, 0).cancel().call_id(), 77u);
}

}  // namespace
}  // namespace envknit::native
