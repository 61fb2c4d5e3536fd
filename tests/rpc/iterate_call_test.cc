#include <memory>
#include <string>
#include <utility>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "server/base/annotated_status.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

using testing::HasSubstr;

constexpr uint64_t kIterator = 40;

class IterateCallTest : public RpcTest {
 protected:
  void Start(const v1::IterateRequest& request) {
    if (server_ == nullptr) Serve();
    stub_ = v1::IsolationService::NewStub(Channel());
    reader_ = stub_->Iterate(&context_, request);
  }
  // Reads what is left and answers how the stream ended.
  grpc::Status Finish() {
    while (reader_->Read(&response_)) {
    }
    return reader_->Finish();
  }
  static v1::IterateRequest Request() {
    v1::IterateRequest request;
    request.mutable_environment()->mutable_package()->set_name("numpy");
    request.mutable_target()->set_module("sys");
    request.mutable_target()->set_path("path");
    request.set_max_items(3);
    return request;
  }
  // A step's result: some items of which `handles` are handles.
  static CallResult Step(int first, uint32_t handles = 0) {
    v1::NextResponse response;
    response.mutable_items()->mutable_packed_ints()->add_values(first);
    CallResult result;
    result.body = response.SerializeAsString();
    result.worker = FakePools::worker();
    result.more = true;
    result.handle_count = handles;
    result.first_handle = handles > 0 ? kIterator + 1 : 0;
    return result;
  }
  // The first one, which makes the iterator.
  static CallResult FirstStep(uint32_t handles = 0) {
    CallResult result = Step(1, handles);
    result.first_handle = kIterator;
    ++result.handle_count;
    result.implicit_session = "implicit";
    return result;
  }
  static CallResult LastStep() {
    CallResult result = Step(9);
    result.more = false;
    return result;
  }
  static v1::NextRequest RequestOf(const SubmittedCall& call) {
    v1::NextRequest request;
    EXPECT_TRUE(request.ParseFromString(call.spec.body));
    return request;
  }

  grpc::ClientContext context_;
  std::unique_ptr<v1::IsolationService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::IterateResponse>> reader_;
  v1::IterateResponse response_;
};

TEST_F(IterateCallTest, RefusesRequestWithoutEnvironmentOrSession) {
  Start({});
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(IterateCallTest, RefusesRequestWithBoth) {
  v1::IterateRequest request = Request();
  request.set_session("s1");
  Start(request);
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(IterateCallTest, DoesNotFindSessionOfAnotherIdentity) {
  pools_.AddSession("s9", "uid:123456");
  v1::IterateRequest request;
  request.set_session("s9");
  Start(request);
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::NOT_FOUND, "SESSION_NOT_FOUND"));
}

TEST_F(IterateCallTest, EndsWithTheErrorOfAStepAndReleasesTheIterator) {
  pools_.AddSession("s3", OwnIdentity());
  v1::IterateRequest request;
  request.set_session("s3");
  Start(request);
  auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  CallResult first = FirstStep();
  first.implicit_session = "";
  call->done(std::move(first));
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->Fail(MakeError(ErrorReason::kWorkerCrashed, "died", {{"pid", "1"}}));
  EXPECT_THAT(Finish(), FailsWith(grpc::StatusCode::ABORTED, "WORKER_CRASHED"));
  EXPECT_TRUE(pools_.HasEvent("undelivered s3 7:40+1"));
}

TEST_F(IterateCallTest, BeginsWithTheRequestItself) {
  v1::IterateRequest request = Request();
  request.mutable_timeout()->set_seconds(5);
  request.set_call_id(77);
  Start(request);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->spec.kind, CallKind::kNext);
  EXPECT_EQ(call->spec.target, "sys.path");
  EXPECT_EQ(call->spec.timeout, absl::Seconds(5));
  EXPECT_EQ(call->spec.client_call_id, 77u);
  const v1::NextRequest sent = RequestOf(*call);
  EXPECT_TRUE(sent.begin());
  EXPECT_EQ(sent.target().module(), "sys");
  EXPECT_EQ(sent.max_items(), 3u);
  call->done(LastStep());
  EXPECT_TRUE(Finish().ok());
  EXPECT_EQ(response_.items().packed_ints().values(0), 9);
  EXPECT_THAT(logger_.text(), HasSubstr("call method=Iterate environment=fake "
                                        "status=OK"));
}

TEST_F(IterateCallTest, GoesOnWithTheIteratorInItsSession) {
  pools_.AddSession("implicit", OwnIdentity());
  v1::IterateRequest request = Request();
  request.set_max_bytes(1000);
  request.mutable_max_time()->set_seconds(2);
  Start(request);
  auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->done(FirstStep());
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_EQ(response_.items().packed_ints().values(0), 1);
  EXPECT_EQ(response_.info().session(), "implicit");
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->environment, "") << "not in the session";
  const v1::NextRequest sent = RequestOf(*call);
  EXPECT_EQ(sent.target().handle().id(), kIterator);
  EXPECT_EQ(sent.target().handle().epoch(), 7u);
  EXPECT_FALSE(sent.begin());
  EXPECT_EQ(sent.max_items(), 3u);
  EXPECT_EQ(sent.max_bytes(), 1000u);
  EXPECT_EQ(sent.max_time().seconds(), 2);
  call->done(LastStep());
  EXPECT_TRUE(Finish().ok());
  EXPECT_TRUE(pools_.HasEvent("close implicit"));
}

TEST_F(IterateCallTest, KeepsTheSessionThatItemsLiveIn) {
  pools_.AddSession("implicit", OwnIdentity());
  Start(Request());
  auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->done(FirstStep());
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->done(Step(2, 4));
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->done(LastStep());
  EXPECT_TRUE(Finish().ok());
  EXPECT_TRUE(pools_.HasEvent("undelivered implicit 7:40+1"));
  EXPECT_FALSE(pools_.HasEvent("close implicit"));
}

TEST_F(IterateCallTest, WaitsForItsReader) {
  pools_.AddSession("implicit", OwnIdentity());
  Start(Request());
  auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  CallResult large = FirstStep();
  v1::NextResponse items;
  items.mutable_items()->set_bytes_value(std::string(8 << 20, 'x'));
  large.body = items.SerializeAsString();
  call->done(std::move(large));
  EXPECT_EQ(pools_.NextCall(absl::Milliseconds(300)), nullptr);
  ASSERT_TRUE(reader_->Read(&response_));
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->done(LastStep());
  EXPECT_TRUE(Finish().ok());
}

TEST_F(IterateCallTest, ReleasesTheItemsOfAMessageThatCouldNotBeWritten) {
  pools_.AddSession("s3", OwnIdentity());
  v1::IterateRequest request;
  request.set_session("s3");
  Start(request);
  auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  CallResult first = FirstStep(2);
  first.implicit_session = "";
  call->done(std::move(first));
  ASSERT_TRUE(reader_->Read(&response_));
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  // More than is in flight unless somebody reads.
  CallResult large = Step(2, 5);
  large.first_handle = kIterator + 3;
  v1::NextResponse items;
  items.mutable_items()->set_bytes_value(std::string(8 << 20, 'x'));
  large.body = items.SerializeAsString();
  call->done(std::move(large));
  ASSERT_EQ(pools_.NextCall(absl::Milliseconds(300)), nullptr);
  context_.TryCancel();
  EXPECT_TRUE(pools_.WaitForEvent("undelivered s3 7:43+5"));
  EXPECT_TRUE(pools_.WaitForEvent("undelivered s3 7:40+1"));
  EXPECT_FALSE(pools_.HasEvent("undelivered s3 7:41+2")) << "they were given";
  Finish();
}

TEST_F(IterateCallTest, StopsTheStepWhenTheClientCancels) {
  pools_.AddSession("implicit", OwnIdentity());
  Start(Request());
  auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->done(FirstStep(2));
  ASSERT_TRUE(reader_->Read(&response_));
  call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  EXPECT_EQ(Finish().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(call->WaitForCancel());
  call->done(Step(2, 1));
  EXPECT_TRUE(pools_.WaitForEvent("undelivered implicit 7:41+1"));
  EXPECT_TRUE(pools_.WaitForEvent("undelivered implicit 7:40+1"));
  EXPECT_FALSE(pools_.HasEvent("close implicit"));
}

TEST_F(IterateCallTest, ReleasesWhatACancelledClientWasNotGiven) {
  pools_.AddSession("s3", OwnIdentity());
  v1::IterateRequest request;
  request.set_session("s3");
  Start(request);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  Finish();
  ASSERT_TRUE(call->WaitForCancel());
  CallResult late = FirstStep(2);
  late.implicit_session = "";
  call->done(std::move(late));
  EXPECT_TRUE(pools_.WaitForEvent("undelivered s3 7:40+3"));
}

}  // namespace
}  // namespace envknit
