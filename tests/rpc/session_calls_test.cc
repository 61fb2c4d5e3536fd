#include <memory>
#include <string>
#include <thread>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "server/base/annotated_status.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

class SessionCallsTest : public RpcTest {
 protected:
  void SetUp() override {
    Serve();
    stub_ = v1::IsolationService::NewStub(Channel());
    request_.mutable_environment()->set_name("fake");
  }
  grpc::Status Open() {
    grpc::ClientContext context;
    return stub_->OpenSession(&context, request_, &response_);
  }

  std::unique_ptr<v1::IsolationService::Stub> stub_;
  v1::OpenSessionRequest request_;
  v1::OpenSessionResponse response_;
};

TEST_F(SessionCallsTest, RefusesOpeningWithoutEnvironment) {
  request_.clear_environment();
  EXPECT_THAT(Open(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(SessionCallsTest, RefusesTooManyLabels) {
  for (int i = 0; i < 17; ++i) (*request_.mutable_labels())[std::to_string(i)];
  EXPECT_THAT(Open(), FailsWith(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                "LIMIT_EXCEEDED"));
}

TEST_F(SessionCallsTest, RefusesStartTimeoutOfZero) {
  request_.mutable_start_timeout();
  EXPECT_THAT(Open(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(SessionCallsTest, IsolationIsAskedForOrChosen) {
  request_.set_isolation(v1::ISOLATION_KIND_SUBINTERPRETER);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(response_.worker().isolation(), v1::ISOLATION_KIND_SUBINTERPRETER);
  EXPECT_EQ(response_.worker().isolation_reason(), "asked for by the request");
  EXPECT_EQ(response_.worker().digest(), "digest3");
  request_.set_isolation(v1::ISOLATION_KIND_AUTO);
  ASSERT_TRUE(Open().ok());
  const auto session = pools_.FindSession("s2", OwnIdentity());
  ASSERT_TRUE(session.ok());
  EXPECT_TRUE((*session)->spec().choose_isolation);
  EXPECT_EQ((*session)->spec().environment->digest, "digest");
}

TEST_F(SessionCallsTest, WorkerThatDoesNotStartEndsTheSession) {
  pools_.HoldReadiness();
  std::thread worker([this] {
    ASSERT_TRUE(pools_.WaitForEvent("waiting"));
    pools_.ReleaseReadiness(
        MakeError(ErrorReason::kWorkerUnavailable, "it was late"));
  });
  EXPECT_THAT(Open(),
              FailsWith(grpc::StatusCode::UNAVAILABLE, "WORKER_UNAVAILABLE"));
  worker.join();
  EXPECT_TRUE(pools_.WaitForEvent("close s1"));
}

TEST_F(SessionCallsTest, ClientThatGoesWhileItOpensLeavesNoSession) {
  pools_.HoldReadiness();
  grpc::ClientContext context;
  std::thread client([this, &context] {
    EXPECT_EQ(stub_->OpenSession(&context, request_, &response_).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  ASSERT_TRUE(pools_.WaitForEvent("waiting"));
  context.TryCancel();
  client.join();
  EXPECT_TRUE(pools_.WaitForEvent("close s1"));
  pools_.ReleaseReadiness(MakeError(ErrorReason::kCancelled, "closed"));
}

TEST_F(SessionCallsTest, OpensForTheCallersUid) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(response_.session(), "s1");
  EXPECT_EQ(response_.worker().python(), "3.11.7");
  EXPECT_TRUE(pools_.WaitForEvent("open s1 for " + OwnIdentity()));
}

TEST_F(SessionCallsTest, ClosingAnUnknownSessionIsNoError) {
  grpc::ClientContext context;
  v1::CloseSessionRequest request;
  request.set_session("nope");
  v1::CloseSessionResponse response;
  EXPECT_TRUE(stub_->CloseSession(&context, request, &response).ok());
}

TEST_F(SessionCallsTest, CloseEndsOwnSession) {
  pools_.AddSession("mine", OwnIdentity());
  grpc::ClientContext context;
  v1::CloseSessionRequest request;
  request.set_session("mine");
  v1::CloseSessionResponse response;
  EXPECT_TRUE(stub_->CloseSession(&context, request, &response).ok());
  EXPECT_TRUE(pools_.WaitForEvent("close mine"));
}

TEST_F(SessionCallsTest, CancelNamesCarrierAndCall) {
  pools_.AddSession("mine", OwnIdentity());
  grpc::ClientContext context;
  v1::CancelRequest request;
  request.set_session("mine");
  request.set_carrier(4);
  request.set_call_id(9);
  v1::CancelResponse response;
  EXPECT_TRUE(stub_->Cancel(&context, request, &response).ok());
  EXPECT_TRUE(pools_.WaitForEvent("cancel mine 4/9"));
}

TEST_F(SessionCallsTest, CancelInUnknownSessionFails) {
  grpc::ClientContext context;
  v1::CancelRequest request;
  request.set_session("nope");
  v1::CancelResponse response;
  EXPECT_THAT(stub_->Cancel(&context, request, &response),
              FailsWith(grpc::StatusCode::NOT_FOUND, "SESSION_NOT_FOUND"));
}

TEST_F(SessionCallsTest, ReleaseRunsInTheSession) {
  pools_.AddSession("mine", OwnIdentity());
  std::thread worker([this] {
    const auto call = pools_.NextCall();
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->spec.kind, CallKind::kRelease);
    v1::ReleaseRequest release;
    EXPECT_TRUE(release.ParseFromString(call->spec.body));
    EXPECT_EQ(release.ids(0), 12u);
    call->Reply("");
  });
  grpc::ClientContext context;
  v1::ReleaseRequest request;
  request.set_session("mine");
  request.set_epoch(7);
  request.add_ids(12);
  v1::ReleaseResponse response;
  EXPECT_TRUE(stub_->Release(&context, request, &response).ok());
  worker.join();
}

}  // namespace
}  // namespace envknit
