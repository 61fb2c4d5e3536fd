#include "server/rpc/attach_request.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "envknit/v1/attach.pb.h"

namespace envknit {
namespace {

absl::StatusOr<AttachRequestKind> Parse(absl::string_view bytes) {
  return ParseAttachRequest({bytes});
}

// The same bytes in pieces of `size`.
absl::StatusOr<AttachRequestKind> ParseInPieces(absl::string_view bytes,
                                                std::size_t size) {
  std::vector<absl::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); i += size) {
    pieces.push_back(bytes.substr(i, size));
    pieces.push_back("");
  }
  return ParseAttachRequest(pieces);
}

v1::AttachRequest CallMessage() {
  v1::AttachRequest message;
  message.mutable_call()->set_call_id(300);
  message.mutable_call()->set_method(v1::ATTACH_METHOD_GET_ATTR);
  message.mutable_call()->set_session_number(2);
  message.mutable_call()->mutable_timeout()->set_seconds(3);
  message.mutable_call()->set_idempotent(true);
  message.mutable_call()->set_body(std::string(1000, 'b'));
  return message;
}

TEST(AttachRequestTest, RefusesWhatIsNoRequest) {
  EXPECT_FALSE(Parse("").ok());
  EXPECT_FALSE(Parse("garbage").ok());
  EXPECT_FALSE(Parse(std::string("\x0b\x00", 2)).ok()) << "group";
  EXPECT_FALSE(Parse(std::string("\x08\x01", 2)).ok()) << "call as a number";
  EXPECT_FALSE(Parse(std::string("\x0a\x05\x08\x01", 4)).ok()) << "too short";
  // A body whose length reaches beyond the call into the next field.
  EXPECT_FALSE(
      Parse(std::string("\x0a\x04\x10\x03\x32\x04\x78\x02yy", 10)).ok());
  const std::pair<v1::AttachMethod, CallKind> new_methods[] = {
      {v1::ATTACH_METHOD_EXECUTE, CallKind::kExecute},
      {v1::ATTACH_METHOD_TRY_IMPORT, CallKind::kTryImport}};
  for (const auto& [method, kind] : new_methods) {
    v1::AttachRequest message;
    message.mutable_call()->set_method(method);
    const auto request = Parse(message.SerializeAsString());
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(std::get<AttachCallRequest>(*request).kind, kind);
  }
  v1::AttachRequest no_method;
  no_method.mutable_call()->set_call_id(1);
  EXPECT_FALSE(Parse(no_method.SerializeAsString()).ok());
}

TEST(AttachRequestTest, RefusesEveryTruncation) {
  const std::string whole = CallMessage().SerializeAsString();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Parse(whole.substr(0, size)).ok()) << size;
  }
}

TEST(AttachRequestTest, ReadsACallInAnyPieces) {
  const std::string bytes = CallMessage().SerializeAsString();
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{7},
                                 std::size_t{500}, bytes.size()}) {
    absl::StatusOr<AttachRequestKind> parsed = ParseInPieces(bytes, size);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    const auto* call = std::get_if<AttachCallRequest>(&*parsed);
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->call_id, 300u);
    EXPECT_EQ(call->kind, CallKind::kGetAttr);
    EXPECT_EQ(call->session_number, 2u);
    EXPECT_EQ(call->timeout, absl::Seconds(3));
    EXPECT_TRUE(call->idempotent);
    EXPECT_EQ(call->body, std::string(1000, 'b'));
  }
}

TEST(AttachRequestTest, SkipsFieldsItDoesNotKnow) {
  v1::AttachRequest message = CallMessage();
  v1::AttachCall* const call = message.mutable_call();
  auto* const unknown = call->GetReflection()->MutableUnknownFields(call);
  unknown->AddVarint(100, 5);
  unknown->AddFixed32(101, 5);
  unknown->AddFixed64(102, 5);
  unknown->AddLengthDelimited(103, "xyz");
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(99, 1);
  const auto parsed = Parse(message.SerializeAsString());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(std::get<AttachCallRequest>(*parsed).call_id, 300u);
}

TEST(AttachRequestTest, ReadsTheOtherKinds) {
  v1::AttachRequest message;
  message.mutable_cancel()->set_call_id(4);
  EXPECT_EQ(std::get<AttachCancelRequest>(*Parse(message.SerializeAsString()))
                .call_id,
            4u);
  message.mutable_open()->set_call_id(5);
  message.mutable_open()->set_session_number(6);
  message.mutable_open()->mutable_request()->set_isolation(
      v1::ISOLATION_KIND_PROCESS);
  const auto open =
      std::get<AttachOpenRequest>(*Parse(message.SerializeAsString()));
  EXPECT_EQ(open.call_id, 5u);
  EXPECT_EQ(open.session_number, 6u);
  EXPECT_EQ(open.request, message.open().request().SerializeAsString());
  message.mutable_close()->set_call_id(7);
  message.mutable_close()->set_session_number(6);
  const auto close =
      std::get<AttachCloseRequest>(*Parse(message.SerializeAsString()));
  EXPECT_EQ(close.call_id, 7u);
  EXPECT_EQ(close.session_number, 6u);
}

TEST(AttachRequestTest, TheLastKindCounts) {
  v1::AttachRequest cancel;
  cancel.mutable_cancel()->set_call_id(4);
  const auto parsed =
      Parse(CallMessage().SerializeAsString() + cancel.SerializeAsString());
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(std::holds_alternative<AttachCancelRequest>(*parsed));
}

}  // namespace
}  // namespace envknit
