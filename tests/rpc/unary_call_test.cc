#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "server/base/annotated_status.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

using testing::HasSubstr;

class UnaryCallTest : public RpcTest {
 protected:
  // Runs Call in a thread, so that the test can answer it.
  void Start(v1::CallRequest request) {
    if (server_ == nullptr) Serve();
    stub_ = v1::IsolationService::NewStub(Channel());
    client_ = std::thread([this, request = std::move(request)] {
      status_ = stub_->Call(&context_, request, &response_);
    });
  }
  grpc::Status Finish() {
    client_.join();
    return status_;
  }
  static v1::CallRequest Request() {
    v1::CallRequest request;
    request.mutable_environment()->mutable_package()->set_name("numpy");
    request.mutable_target()->set_module("numpy");
    request.mutable_target()->set_path("linalg.norm");
    request.add_args()->set_int_value(3);
    return request;
  }

  grpc::ClientContext context_;
  std::unique_ptr<v1::IsolationService::Stub> stub_;
  v1::CallResponse response_;
  grpc::Status status_;
  std::thread client_;
};

TEST_F(UnaryCallTest, RefusesRequestWithoutEnvironmentOrSession) {
  Start({});
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
  EXPECT_EQ(ErrorInfoOf(status_).metadata().at("field"), "environment");
}

TEST_F(UnaryCallTest, RefusesRequestWithBoth) {
  v1::CallRequest request = Request();
  request.set_session("s1");
  Start(request);
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(UnaryCallTest, ReportsUnknownPackage) {
  v1::CallRequest request = Request();
  request.mutable_environment()->mutable_package()->set_name("nope");
  Start(request);
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::NOT_FOUND, "PACKAGE_NOT_LOCKED"));
}

TEST_F(UnaryCallTest, RefusesNegativeTimeout) {
  v1::CallRequest request = Request();
  request.mutable_timeout()->set_seconds(-1);
  Start(request);
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
  EXPECT_EQ(ErrorInfoOf(status_).metadata().at("field"), "timeout");
}

TEST_F(UnaryCallTest, NamesTheLimitOfTooLargeRequest) {
  limits_.message_bytes = 1000;
  v1::CallRequest request = Request();
  request.add_args()->set_bytes_value(std::string(1500, 'x'));
  Start(request);
  EXPECT_THAT(Finish(), FailsWith(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                  "LIMIT_EXCEEDED"));
  EXPECT_EQ(ErrorInfoOf(status_).metadata().at("limit"), "1000");
}

TEST_F(UnaryCallTest, DoesNotFindSessionOfAnotherIdentity) {
  pools_.AddSession("s9", "uid:123456");
  v1::CallRequest request;
  request.set_session("s9");
  Start(request);
  EXPECT_THAT(Finish(),
              FailsWith(grpc::StatusCode::NOT_FOUND, "SESSION_NOT_FOUND"));
}

TEST_F(UnaryCallTest, StopsTheWorkWhenTheClientCancels) {
  Start(Request());
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  EXPECT_EQ(Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(call->WaitForCancel());
  call->Fail(MakeError(ErrorReason::kCancelled, "cancelled"));
}

TEST_F(UnaryCallTest, ReleasesHandlesThatNobodyWaitsFor) {
  pools_.AddSession("s3", OwnIdentity());
  v1::CallRequest request;
  request.set_session("s3");
  Start(request);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  Finish();
  ASSERT_TRUE(call->WaitForCancel());
  CallResult late;
  late.worker = FakePools::worker();
  late.first_handle = 40;
  late.handle_count = 3;
  call->done(late);
  EXPECT_TRUE(pools_.WaitForEvent("undelivered s3 7:40+3"));
}

TEST_F(UnaryCallTest, ClosesImplicitSessionThatNobodyWaitsFor) {
  pools_.AddSession("implicit", OwnIdentity());
  Start(Request());
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  Finish();
  ASSERT_TRUE(call->WaitForCancel());
  CallResult late;
  late.implicit_session = "implicit";
  call->done(late);
  EXPECT_TRUE(pools_.WaitForEvent("close implicit"));
}

TEST_F(UnaryCallTest, ForwardsTheBytesAndAppendsInfo) {
  v1::CallRequest request = Request();
  request.mutable_timeout()->set_seconds(5);
  request.set_call_id(77);
  request.set_idempotent(true);
  Start(request);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->spec.kind, CallKind::kCall);
  EXPECT_EQ(call->spec.body, request.SerializeAsString());
  EXPECT_EQ(call->spec.target, "numpy.linalg.norm");
  EXPECT_EQ(call->spec.timeout, absl::Seconds(5));
  EXPECT_EQ(call->spec.client_call_id, 77u);
  EXPECT_EQ(call->spec.carrier, 0u);
  EXPECT_TRUE(call->spec.idempotent);
  EXPECT_EQ(call->environment, "fake");
  EXPECT_EQ(call->identity, OwnIdentity());

  v1::CallResponse worker_response;
  worker_response.mutable_outcome()->mutable_value()->set_float_value(5);
  CallResult result;
  result.body = worker_response.SerializeAsString();
  result.worker = FakePools::worker();
  result.queued = absl::Milliseconds(3);
  result.execution = absl::Milliseconds(4);
  result.implicit_session = "s44";
  result.notices.push_back(
      {LadderNotice::Action::kKilled, "time.sleep", "stack\xFF"});
  call->done(result);
  ASSERT_TRUE(Finish().ok()) << status_.error_message();
  EXPECT_EQ(response_.outcome().value().float_value(), 5);
  EXPECT_EQ(response_.info().session(), "s44");
  EXPECT_EQ(response_.info().queued().nanos(), 3000000);
  EXPECT_EQ(response_.info().execution().nanos(), 4000000);
  ASSERT_EQ(response_.info().notices_size(), 1);
  EXPECT_EQ(response_.info().notices(0).stack(), "stack?");
}

TEST_F(UnaryCallTest, DescribesTheWorkerOfAnImport) {
  Serve();
  auto stub = v1::IsolationService::NewStub(Channel());
  v1::ImportRequest request;
  request.mutable_environment()->set_name("fake");
  request.set_module("numpy");
  v1::ImportResponse response;
  grpc::ClientContext context;
  std::thread worker([this] {
    const auto call = pools_.NextCall();
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->spec.kind, CallKind::kImport);
    EXPECT_EQ(call->spec.target, "numpy");
    EXPECT_TRUE(call->spec.idempotent);
    v1::ImportResponse answer;
    answer.mutable_module()->set_version("1.26.4");
    call->Reply(answer.SerializeAsString());
  });
  const grpc::Status status = stub->Import(&context, request, &response);
  worker.join();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.module().version(), "1.26.4");
  EXPECT_EQ(response.worker().pid(), 4711);
  EXPECT_EQ(response.worker().epoch(), 7u);
  EXPECT_EQ(response.worker().digest(), "digest");
  EXPECT_EQ(response.worker().instance(), "test-instance");
  EXPECT_EQ(response.worker().isolation(), v1::ISOLATION_KIND_PROCESS);
}

TEST_F(UnaryCallTest, DescribingIsIdempotent) {
  Serve();
  auto stub = v1::IsolationService::NewStub(Channel());
  v1::DescribeRequest request;
  request.mutable_environment()->set_name("fake");
  request.mutable_target()->set_module("numpy");
  v1::DescribeResponse response;
  grpc::ClientContext context;
  std::thread worker([this] {
    const auto call = pools_.NextCall();
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->spec.kind, CallKind::kDescribe);
    EXPECT_TRUE(call->spec.idempotent);
    call->Reply("");
  });
  const grpc::Status status = stub->Describe(&context, request, &response);
  worker.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(UnaryCallTest, IsolationGoesToStoreAndPools) {
  Serve();
  auto stub = v1::IsolationService::NewStub(Channel());
  const auto import = [&](v1::IsolationKind asked, IsolationRequest expected,
                          std::shared_ptr<const IsolationChoice> came_to) {
    std::thread worker([this, expected, came_to] {
      const auto call = pools_.NextCall();
      ASSERT_NE(call, nullptr);
      EXPECT_EQ(call->isolation, expected);
      CallResult result;
      result.worker = FakePools::worker();
      result.isolation = came_to;
      call->done(std::move(result));
    });
    v1::ImportRequest request;
    request.mutable_environment()->set_name("fake");
    request.set_module("numpy");
    request.set_isolation(asked);
    v1::ImportResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(stub->Import(&context, request, &response).ok());
    worker.join();
    return response.worker();
  };
  v1::WorkerDescription worker = import(v1::ISOLATION_KIND_UNSPECIFIED,
                                        IsolationRequest::kProcess, nullptr);
  EXPECT_EQ(worker.isolation(), v1::ISOLATION_KIND_PROCESS);
  EXPECT_EQ(worker.isolation_reason(), "process workers run every package");
  EXPECT_EQ(worker.digest(), "digest");
  worker = import(v1::ISOLATION_KIND_SUBINTERPRETER,
                  IsolationRequest::kSubinterpreter, nullptr);
  EXPECT_EQ(worker.isolation(), v1::ISOLATION_KIND_SUBINTERPRETER);
  EXPECT_EQ(worker.digest(), "digest3");
  worker = import(v1::ISOLATION_KIND_AUTO, IsolationRequest::kAuto,
                  std::make_shared<const IsolationChoice>(IsolationChoice{
                      IsolationKind::kSubinterpreter, "all load"}));
  EXPECT_EQ(worker.isolation(), v1::ISOLATION_KIND_SUBINTERPRETER);
  EXPECT_EQ(worker.isolation_reason(), "all load");
  EXPECT_EQ(worker.digest(), "digest");
  EXPECT_EQ(store_.questions(), 3);
}

TEST_F(UnaryCallTest, CarriesSourceTextAndTries) {
  Serve();
  auto stub = v1::IsolationService::NewStub(Channel());
  std::thread worker([this] {
    const auto execute = pools_.NextCall();
    ASSERT_NE(execute, nullptr);
    EXPECT_EQ(execute->spec.kind, CallKind::kExecute);
    EXPECT_EQ(execute->spec.target, "Execute");
    EXPECT_FALSE(execute->spec.idempotent);
    v1::ExecuteResponse ran;
    ran.mutable_outcome()->mutable_json()->set_number_value(7);
    execute->Reply(ran.SerializeAsString());
    const auto attempt = pools_.NextCall();
    ASSERT_NE(attempt, nullptr);
    EXPECT_EQ(attempt->spec.kind, CallKind::kTryImport);
    EXPECT_EQ(attempt->spec.target, "numpy");
    EXPECT_TRUE(attempt->spec.idempotent);
    v1::TryImportResponse tried;
    tried.set_verdict(v1::IMPORT_VERDICT_LOADED);
    attempt->Reply(tried.SerializeAsString());
  });
  v1::ExecuteRequest code;
  code.mutable_environment()->set_name("fake");
  code.set_code("result = 3 + 4");
  v1::ExecuteResponse ran;
  grpc::ClientContext first;
  const grpc::Status executed = stub->Execute(&first, code, &ran);
  v1::TryImportRequest module;
  module.mutable_environment()->set_name("fake");
  module.set_module("numpy");
  v1::TryImportResponse tried;
  grpc::ClientContext second;
  const grpc::Status imported = stub->TryImport(&second, module, &tried);
  worker.join();
  ASSERT_TRUE(executed.ok()) << executed.error_message();
  EXPECT_EQ(ran.outcome().json().number_value(), 7);
  EXPECT_TRUE(ran.has_info());
  ASSERT_TRUE(imported.ok()) << imported.error_message();
  EXPECT_EQ(tried.verdict(), v1::IMPORT_VERDICT_LOADED);
  EXPECT_TRUE(tried.has_info());
}

TEST_F(UnaryCallTest, LargeReplyArrivesWhole) {
  Start(Request());
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  v1::CallResponse answer;
  answer.mutable_outcome()->mutable_value()->set_bytes_value(
      std::string(10 << 20, 'y'));
  call->Reply(answer.SerializeAsString());
  ASSERT_TRUE(Finish().ok()) << status_.error_message();
  EXPECT_EQ(response_.outcome().value().bytes_value().size(), 10u << 20);
  EXPECT_TRUE(response_.has_info());
}

TEST_F(UnaryCallTest, DeadlineIsTheRpcsLessAMargin) {
  context_.set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(20));
  v1::CallRequest request = Request();
  request.mutable_timeout()->set_seconds(50);
  Start(request);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  // A client's gRPC sends long deadlines rounded up to a tenth of a second.
  EXPECT_LT(call->spec.timeout,
            absl::Seconds(20) + absl::Milliseconds(100 - 9));
  EXPECT_GT(call->spec.timeout, absl::Seconds(10));
  call->Reply("");
  EXPECT_TRUE(Finish().ok());
}

TEST_F(UnaryCallTest, WritesOneLineAboutTheCall) {
  Start(Request());
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->Fail(MakeError(ErrorReason::kWorkerCrashed, "died", {{"pid", "1"}}));
  EXPECT_THAT(Finish(), FailsWith(grpc::StatusCode::ABORTED, "WORKER_CRASHED"));
  EXPECT_THAT(logger_.text(),
              HasSubstr("call method=Call environment=fake status=ABORTED "
                        "reason=WORKER_CRASHED"));
  EXPECT_THAT(logger_.text(), HasSubstr("pid=4711 peer=" + OwnIdentity()));
}

TEST_F(UnaryCallTest, AsksTheStoreOncePerSelector) {
  Serve();
  auto stub = v1::IsolationService::NewStub(Channel());
  std::thread worker([this] {
    for (int i = 0; i < 3; ++i) {
      const auto call = pools_.NextCall();
      ASSERT_NE(call, nullptr);
      call->Reply("");
    }
  });
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    v1::CallResponse response;
    EXPECT_TRUE(stub->Call(&context, Request(), &response).ok());
  }
  worker.join();
  EXPECT_EQ(store_.questions(), 1);
}

}  // namespace
}  // namespace envknit
