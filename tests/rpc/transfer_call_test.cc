#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "server/base/annotated_status.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

constexpr uint64_t kTransfer = 40;

// The test is the worker: it answers each chunk.
class TransferCallTest : public RpcTest {
 protected:
  void SetUp() override {
    pools_.AddSession("mine", OwnIdentity());
    limits_.message_bytes = 64 << 10;
    Serve();
    stub_ = v1::IsolationService::NewStub(Channel());
  }

  // Answers a chunk; `handles` are what the reply gives away, from `first`.
  static void Answer(const std::shared_ptr<SubmittedCall>& call,
                     const google::protobuf::Message& response, bool more,
                     uint64_t first = 0, uint32_t handles = 0,
                     std::string implicit_session = "") {
    CallResult result;
    result.body = response.SerializeAsString();
    result.worker = FakePools::worker();
    result.more = more;
    result.first_handle = first;
    result.handle_count = handles;
    result.implicit_session = std::move(implicit_session);
    call->done(std::move(result));
  }

  grpc::ClientContext context_;
  std::unique_ptr<v1::IsolationService::Stub> stub_;
};

class FetchCallTest : public TransferCallTest {
 protected:
  static v1::FetchRequest InSession() {
    v1::FetchRequest request;
    request.set_session("mine");
    request.mutable_target()->set_module("numpy");
    request.mutable_target()->set_path("data");
    request.set_max_bytes(1000);
    return request;
  }
  static v1::FetchResponse Chunk(uint64_t offset, const std::string& bytes) {
    v1::FetchResponse response;
    response.set_offset(offset);
    response.set_total_bytes(2500);
    response.set_chunk(bytes);
    return response;
  }
  void Start(const v1::FetchRequest& request) {
    reader_ = stub_->Fetch(&context_, request);
  }
  // The next chunk's call, with what it asks for.
  std::shared_ptr<SubmittedCall> NextChunk() {
    std::shared_ptr<SubmittedCall> call = pools_.NextCall();
    if (call == nullptr) return nullptr;
    EXPECT_EQ(call->spec.kind, CallKind::kFetch);
    EXPECT_TRUE(asked_.ParseFromString(call->spec.body));
    return call;
  }

  std::unique_ptr<grpc::ClientReader<v1::FetchResponse>> reader_;
  v1::FetchResponse response_;
  v1::FetchRequest asked_;
};

TEST_F(FetchCallTest, RefusesRequestWithoutEnvironmentOrSession) {
  v1::FetchRequest request = InSession();
  request.clear_session();
  Start(request);
  EXPECT_FALSE(reader_->Read(&response_));
  EXPECT_THAT(reader_->Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(FetchCallTest, RefusesAnUnknownSession) {
  v1::FetchRequest request = InSession();
  request.set_session("nope");
  Start(request);
  EXPECT_THAT(reader_->Finish(),
              FailsWith(grpc::StatusCode::NOT_FOUND, "SESSION_NOT_FOUND"));
}

TEST_F(FetchCallTest, RefusesATransferOfTheClient) {
  v1::FetchRequest request = InSession();
  request.mutable_transfer()->set_id(1);
  Start(request);
  EXPECT_THAT(reader_->Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(FetchCallTest, AsksForChunkAfterChunkByTheTransfersName) {
  Start(InSession());
  std::shared_ptr<SubmittedCall> call = NextChunk();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(asked_.target().path(), "data");
  EXPECT_EQ(asked_.max_bytes(), 1000);
  Answer(call, Chunk(0, std::string(1000, 'a')), true, kTransfer, 1);
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_EQ(response_.chunk(), std::string(1000, 'a'));
  EXPECT_TRUE(response_.info().has_execution());

  for (const uint64_t offset : {1000, 2000}) {
    call = NextChunk();
    ASSERT_NE(call, nullptr);
    EXPECT_FALSE(asked_.has_target());
    EXPECT_EQ(asked_.transfer().id(), kTransfer);
    EXPECT_EQ(asked_.transfer().epoch(), FakePools::worker().epoch);
    EXPECT_EQ(asked_.offset(), offset);
    EXPECT_EQ(asked_.max_bytes(), 1000);
    Answer(call, Chunk(offset, "b"), offset == 1000);
    ASSERT_TRUE(reader_->Read(&response_));
    EXPECT_EQ(response_.offset(), offset);
  }
  EXPECT_FALSE(reader_->Read(&response_));
  EXPECT_TRUE(reader_->Finish().ok());
  EXPECT_FALSE(pools_.HasEvent("undelivered mine 7:40+1"));
}

TEST_F(FetchCallTest, NeverAsksForMoreThanFitsInAMessage) {
  v1::FetchRequest request = InSession();
  request.set_max_bytes(uint64_t{1} << 40);
  Start(request);
  const std::shared_ptr<SubmittedCall> call = NextChunk();
  ASSERT_NE(call, nullptr);
  EXPECT_LT(asked_.max_bytes(), limits_.message_bytes);
  Answer(call, Chunk(0, "all"), false);
  EXPECT_TRUE(reader_->Read(&response_));
  EXPECT_TRUE(reader_->Finish().ok());
}

TEST_F(FetchCallTest, ClosesTheSessionThatItOpened) {
  v1::FetchRequest request = InSession();
  request.clear_session();
  request.mutable_environment()->set_name("fake");
  pools_.AddSession("implicit", OwnIdentity());
  Start(request);
  Answer(NextChunk(), Chunk(0, "a"), true, kTransfer, 1, "implicit");
  ASSERT_TRUE(reader_->Read(&response_));
  // Nothing of it outlives this RPC.
  EXPECT_EQ(response_.info().session(), "");
  Answer(NextChunk(), Chunk(1000, "b"), false);
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_TRUE(reader_->Finish().ok());
  EXPECT_TRUE(pools_.WaitForEvent("close implicit"));
}

TEST_F(FetchCallTest, ErrorOfAChunkEndsTheStreamAndReleasesTheTransfer) {
  Start(InSession());
  Answer(NextChunk(), Chunk(0, "a"), true, kTransfer, 1);
  ASSERT_TRUE(reader_->Read(&response_));
  NextChunk()->Fail(MakeError(ErrorReason::kDeadlineExpiredQueued, "too late"));
  EXPECT_FALSE(reader_->Read(&response_));
  EXPECT_THAT(reader_->Finish(), FailsWith(grpc::StatusCode::DEADLINE_EXCEEDED,
                                           "DEADLINE_EXPIRED_QUEUED"));
  EXPECT_TRUE(pools_.WaitForEvent("undelivered mine 7:40+1"));
}

TEST_F(FetchCallTest, ClientThatGoesStopsTheChunkAndReleasesTheTransfer) {
  Start(InSession());
  Answer(NextChunk(), Chunk(0, "a"), true, kTransfer, 1);
  ASSERT_TRUE(reader_->Read(&response_));
  const std::shared_ptr<SubmittedCall> call = NextChunk();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  EXPECT_TRUE(call->WaitForCancel());
  call->Fail(MakeError(ErrorReason::kCancelled, "cancelled"));
  EXPECT_EQ(reader_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(pools_.WaitForEvent("undelivered mine 7:40+1"));
}

TEST_F(FetchCallTest, AsksForNothingMoreWhileTheClientDoesNotRead) {
  Start(InSession());
  const std::string large(60'000, 'x');
  uint64_t answered = 0;
  // What is on its way is bounded by flow control alone.
  std::shared_ptr<SubmittedCall> call = NextChunk();
  while (call != nullptr) {
    Answer(call, Chunk(answered * 1000, large), true, kTransfer,
           answered == 0 ? 1 : 0);
    ++answered;
    ASSERT_LT(answered, 1000) << "an unread stream takes in 60 MB";
    call = pools_.NextCall(absl::Milliseconds(500));
  }
  ASSERT_TRUE(reader_->Read(&response_));
  for (uint64_t read = 1; read < answered; ++read) {
    ASSERT_TRUE(reader_->Read(&response_));
  }
  call = NextChunk();
  ASSERT_NE(call, nullptr);
  Answer(call, Chunk(answered * 1000, "end"), false);
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_TRUE(reader_->Finish().ok());
}

class PutCallTest : public TransferCallTest {
 protected:
  void Start() { writer_ = stub_->Put(&context_, &response_); }
  static v1::PutRequest Chunk(uint64_t offset, const std::string& bytes) {
    v1::PutRequest request;
    request.set_total_bytes(20);
    request.set_offset(offset);
    request.set_chunk(bytes);
    return request;
  }
  static v1::PutRequest First() {
    v1::PutRequest request = Chunk(0, "0123456789");
    request.set_session("mine");
    return request;
  }
  static v1::PutResponse Named() {
    v1::PutResponse response;
    response.mutable_transfer()->set_id(kTransfer);
    return response;
  }
  static v1::PutResponse Value() {
    v1::PutResponse response;
    response.mutable_outcome()->mutable_value()->mutable_handle()->set_id(41);
    return response;
  }
  std::shared_ptr<SubmittedCall> NextChunk() {
    std::shared_ptr<SubmittedCall> call = pools_.NextCall();
    if (call == nullptr) return nullptr;
    EXPECT_EQ(call->spec.kind, CallKind::kPut);
    EXPECT_TRUE(given_.ParseFromString(call->spec.body));
    return call;
  }

  std::unique_ptr<grpc::ClientWriter<v1::PutRequest>> writer_;
  v1::PutResponse response_;
  v1::PutRequest given_;
};

TEST_F(PutCallTest, RefusesFirstMessageWithoutEnvironmentOrSession) {
  Start();
  writer_->Write(Chunk(0, "x"));
  EXPECT_THAT(writer_->Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(PutCallTest, RefusesChunkOverTheLimit) {
  Start();
  v1::PutRequest request = First();
  request.set_chunk(std::string(70 << 10, 'x'));
  writer_->Write(request);
  EXPECT_THAT(writer_->Finish(), FailsWith(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                           "LIMIT_EXCEEDED"));
}

TEST_F(PutCallTest, HandsOnChunkAfterChunkAndAnswersTheHandle) {
  Start();
  ASSERT_TRUE(writer_->Write(First()));
  std::shared_ptr<SubmittedCall> call = NextChunk();
  ASSERT_NE(call, nullptr);
  EXPECT_FALSE(given_.has_transfer());
  EXPECT_EQ(given_.chunk(), "0123456789");
  Answer(call, Named(), true, kTransfer, 1);
  ASSERT_TRUE(writer_->Write(Chunk(10, "abcdefghij")));
  call = NextChunk();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(given_.transfer().id(), kTransfer);
  EXPECT_EQ(given_.transfer().epoch(), FakePools::worker().epoch);
  EXPECT_EQ(given_.offset(), 10);
  EXPECT_EQ(given_.chunk(), "abcdefghij");
  Answer(call, Value(), false, 41, 1);
  EXPECT_TRUE(writer_->Finish().ok());
  EXPECT_EQ(response_.outcome().value().handle().id(), 41);
  EXPECT_EQ(response_.info().session(), "");
  EXPECT_FALSE(pools_.HasEvent("undelivered mine 7:41+1"));
}

TEST_F(PutCallTest, NamesTheSessionThatWasOpenedForTheValue) {
  pools_.AddSession("implicit", OwnIdentity());
  Start();
  v1::PutRequest request = First();
  request.clear_session();
  request.mutable_environment()->set_name("fake");
  ASSERT_TRUE(writer_->Write(request));
  Answer(NextChunk(), Named(), true, kTransfer, 1, "implicit");
  ASSERT_TRUE(writer_->Write(Chunk(10, "abcdefghij")));
  Answer(NextChunk(), Value(), false, 41, 1);
  EXPECT_TRUE(writer_->Finish().ok());
  EXPECT_EQ(response_.info().session(), "implicit");
  EXPECT_FALSE(pools_.HasEvent("close implicit"));
}

TEST_F(PutCallTest, ChunksThatEndTooEarlyAreRefusedAndReleased) {
  Start();
  ASSERT_TRUE(writer_->Write(First()));
  Answer(NextChunk(), Named(), true, kTransfer, 1);
  writer_->WritesDone();
  EXPECT_THAT(writer_->Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
  EXPECT_TRUE(pools_.WaitForEvent("undelivered mine 7:40+1"));
}

TEST_F(PutCallTest, ClientThatGoesLeavesNothing) {
  Start();
  ASSERT_TRUE(writer_->Write(First()));
  Answer(NextChunk(), Named(), true, kTransfer, 1);
  context_.TryCancel();
  EXPECT_EQ(writer_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(pools_.WaitForEvent("undelivered mine 7:40+1"));
}

}  // namespace
}  // namespace envknit
