#include "python_client/native/late_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "envknit/v1/attach.pb.h"
#include "envknit/v1/calls.pb.h"
#include "envknit/v1/iteration.pb.h"
#include "envknit/v1/transfer.pb.h"

namespace envknit::native {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Reply(const google::protobuf::Message& response) {
  v1::AttachResponse reply;
  reply.set_call_id(1);
  reply.set_body(response.SerializeAsString());
  return reply.SerializeAsString();
}

std::vector<std::unique_ptr<ReleasedHandle>> ReadLateReply(
    uint32_t session_number, std::string_view response,
    AttachMethod method = AttachMethod::kCall) {
  return ReadLateHandles(session_number, response, method);
}

std::vector<uint64_t> Ids(
    const std::vector<std::unique_ptr<ReleasedHandle>>& late) {
  std::vector<uint64_t> ids;
  for (const auto& handle : late) ids.push_back(handle->id);
  return ids;
}

TEST(ReadLateHandlesTest, FindsNothingInErrorsAndGarbage) {
  v1::AttachResponse error;
  error.mutable_error()->set_code(4);
  EXPECT_THAT(ReadLateReply(1, error.SerializeAsString()), IsEmpty());
  EXPECT_THAT(ReadLateReply(1, "\xff\xff"), IsEmpty());
  EXPECT_THAT(ReadLateReply(1, "\x12\x03\x0a\x05\x0a"), IsEmpty());
}

TEST(ReadLateHandlesTest, FindsHandlesInsideContainers) {
  v1::CallResponse response;
  v1::Value* value = response.mutable_outcome()->mutable_value();
  auto* items = value->mutable_tuple_value();
  items->add_items()->mutable_handle()->set_id(7);
  items->mutable_items(0)->mutable_handle()->set_epoch(5);
  auto* dict = items->add_items()->mutable_dict_value();
  dict->add_keys()->set_string_value("k");
  dict->add_values()->mutable_handle()->set_id(8);
  const auto late = ReadLateReply(4, Reply(response));
  EXPECT_THAT(Ids(late), ElementsAre(7, 8));
  EXPECT_EQ(late[0]->epoch, 5u);
  EXPECT_EQ(late[0]->session_number, 4u);
}

TEST(ReadLateHandlesTest, FindsIteratorItemsAndReturnValueOfNext) {
  v1::NextResponse response;
  response.mutable_iterator()->set_id(7);
  response.mutable_items()
      ->mutable_list_value()
      ->add_items()
      ->mutable_handle()
      ->set_id(8);
  response.mutable_return_value()->mutable_handle()->set_id(9);
  response.set_done(true);
  v1::AttachResponse reply;
  reply.set_body(response.SerializeAsString());
  const std::string bytes = reply.SerializeAsString();
  EXPECT_THAT(Ids(ReadLateReply(1, bytes, AttachMethod::kNext)),
              ::testing::UnorderedElementsAre(7, 8, 9));
  // The same numbers mean something else elsewhere.
  EXPECT_THAT(Ids(ReadLateReply(1, bytes)), IsEmpty());
}

TEST(ReadLateHandlesTest, FindsTheElementsOfHandles) {
  v1::CallResponse response;
  auto* handle = response.mutable_outcome()->mutable_value()->mutable_handle();
  handle->set_id(3);
  handle->add_items()->set_int_value(1);
  handle->add_items()->mutable_handle()->set_id(4);
  EXPECT_THAT(Ids(ReadLateReply(1, Reply(response))), ElementsAre(4, 3));
}

TEST(ReadLateHandlesTest, FindsTheTransferThatNobodyGoesOnWith) {
  v1::FetchResponse fetched;
  fetched.mutable_transfer()->set_id(7);
  fetched.set_chunk("chunk");
  EXPECT_THAT(Ids(ReadLateReply(1, Reply(fetched), AttachMethod::kFetch)),
              ElementsAre(7));
  v1::PutResponse put;
  put.mutable_transfer()->set_id(8);
  EXPECT_THAT(Ids(ReadLateReply(1, Reply(put), AttachMethod::kPut)),
              ElementsAre(8));
  // The same fields are something else in other replies.
  EXPECT_THAT(ReadLateReply(1, Reply(put), AttachMethod::kCall), IsEmpty());
}

TEST(ReadLateHandlesTest, GivesUpOnEndlessNesting) {
  v1::Value value;
  v1::Value* inner = &value;
  for (int depth = 0; depth < 90; ++depth) {
    inner = inner->mutable_list_value()->add_items();
  }
  inner->mutable_handle()->set_id(1);
  v1::CallResponse response;
  *response.mutable_outcome()->mutable_value() = value;
  EXPECT_THAT(ReadLateReply(1, Reply(response)), IsEmpty());
}

}  // namespace
}  // namespace envknit::native
