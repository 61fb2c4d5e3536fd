#include <memory>
#include <string>
#include <utility>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "server/base/annotated_status.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

class AttachStreamTest : public RpcTest {
 protected:
  AttachStreamTest() { limits_.stream_grace = absl::ZeroDuration(); }
  ~AttachStreamTest() override { End(); }

  // Opens a stream and reads its hello.
  void Open() {
    if (server_ == nullptr) Serve();
    stub_ = v1::IsolationService::NewStub(Channel());
    stream_ = stub_->Attach(&context_);
    const v1::AttachResponse hello = Read();
    ASSERT_TRUE(hello.has_hello()) << hello.ShortDebugString();
    EXPECT_EQ(hello.hello().instance(), "test-instance");
    EXPECT_EQ(hello.hello().max_body_bytes(),
              static_cast<uint64_t>(limits_.message_bytes));
    carrier_ = hello.hello().carrier();
  }
  void OpenSession(
      uint64_t call_id, uint32_t number,
      v1::IsolationKind isolation = v1::ISOLATION_KIND_UNSPECIFIED) {
    v1::AttachRequest request;
    request.mutable_open()->mutable_request()->set_isolation(isolation);
    request.mutable_open()->set_call_id(call_id);
    request.mutable_open()->set_session_number(number);
    request.mutable_open()->mutable_request()->mutable_environment()->set_name(
        "fake");
    Write(request);
  }
  void Call(uint64_t call_id, uint32_t session, std::string body = "",
            v1::AttachMethod method = v1::ATTACH_METHOD_CALL) {
    v1::AttachRequest request;
    request.mutable_call()->set_call_id(call_id);
    request.mutable_call()->set_method(method);
    request.mutable_call()->set_session_number(session);
    request.mutable_call()->set_body(std::move(body));
    Write(request);
  }
  void Write(const v1::AttachRequest& request) {
    EXPECT_TRUE(stream_->Write(request));
  }
  v1::AttachResponse Read() {
    v1::AttachResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }
  void WritesDone() {
    if (!std::exchange(writes_done_, true)) stream_->WritesDone();
  }
  grpc::Status End() {
    if (stream_ == nullptr) return grpc::Status::OK;
    WritesDone();
    v1::AttachResponse ignored;
    while (stream_->Read(&ignored)) {
    }
    const grpc::Status status = stream_->Finish();
    stream_ = nullptr;
    return status;
  }

  grpc::ClientContext context_;
  std::unique_ptr<v1::IsolationService::Stub> stub_;
  std::unique_ptr<
      grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>>
      stream_;
  uint32_t carrier_ = 0;
  bool writes_done_ = false;
};

TEST_F(AttachStreamTest, MessageOfNoKindEndsTheStream) {
  Open();
  Write({});
  EXPECT_THAT(End(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(AttachStreamTest, CallIdThatIsNotGreaterEndsTheStream) {
  Open();
  OpenSession(5, 1);
  EXPECT_TRUE(Read().has_opened());
  Call(5, 1);
  EXPECT_THAT(End(),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(AttachStreamTest, UnknownSessionFailsOnlyThatCall) {
  Open();
  Call(1, 9);
  const v1::AttachResponse reply = Read();
  EXPECT_EQ(reply.call_id(), 1u);
  EXPECT_EQ(ErrorInfoOf(reply.error()).reason(), "SESSION_NOT_FOUND");
  OpenSession(2, 1);
  EXPECT_TRUE(Read().has_opened());
  EXPECT_TRUE(End().ok());
}

TEST_F(AttachStreamTest, CallsAfterFailedOpeningGetItsError) {
  pools_.FailOpening(MakeRetriableError(ErrorReason::kPoolExhausted,
                                        "all leased", absl::Seconds(1)));
  Open();
  OpenSession(1, 1);
  EXPECT_EQ(ErrorInfoOf(Read().error()).reason(), "POOL_EXHAUSTED");
  Call(2, 1);
  const v1::AttachResponse reply = Read();
  EXPECT_EQ(reply.call_id(), 2u);
  EXPECT_EQ(ErrorInfoOf(reply.error()).metadata().at("retry_delay_ms"), "1000");
}

TEST_F(AttachStreamTest, RefusesTooLargeBodyButLivesOn) {
  limits_.message_bytes = 1000;
  Open();
  OpenSession(1, 1);
  Read();
  Call(2, 1, std::string(1500, 'x'));
  const v1::AttachResponse reply = Read();
  EXPECT_EQ(ErrorInfoOf(reply.error()).reason(), "LIMIT_EXCEEDED");
  EXPECT_EQ(ErrorInfoOf(reply.error()).metadata().at("value"), "1500");
  EXPECT_TRUE(End().ok());
}

TEST_F(AttachStreamTest, RefusesNegativeTimeoutOfOneCall) {
  Open();
  OpenSession(1, 1);
  Read();
  v1::AttachRequest request;
  request.mutable_call()->set_call_id(2);
  request.mutable_call()->set_method(v1::ATTACH_METHOD_CALL);
  request.mutable_call()->set_session_number(1);
  request.mutable_call()->mutable_timeout()->set_seconds(-3);
  Write(request);
  EXPECT_EQ(ErrorInfoOf(Read().error()).metadata().at("field"), "timeout");
}

TEST_F(AttachStreamTest, ClientThatVanishesStopsItsCallsAndEndsItsSessions) {
  Open();
  OpenSession(1, 1);
  Read();
  Call(2, 1);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  context_.TryCancel();
  EXPECT_TRUE(call->WaitForCancel());
  EXPECT_TRUE(pools_.WaitForEvent("close s1"));
  CallResult late;
  late.worker = FakePools::worker();
  late.first_handle = 9;
  late.handle_count = 2;
  call->done(late);
  EXPECT_TRUE(pools_.WaitForEvent("undelivered s1 7:9+2"));
}

TEST_F(AttachStreamTest, SessionsOutliveTheirStreamByTheGrace) {
  limits_.stream_grace = absl::Seconds(10);
  Open();
  OpenSession(1, 1);
  Read();
  EXPECT_TRUE(End().ok());
  EXPECT_TRUE(pools_.WaitForEvent("close s1 after 10s"));
  EXPECT_FALSE(pools_.HasEvent("close s1"));
}

TEST_F(AttachStreamTest, SessionThatOpensTooLateIsClosed) {
  pools_.HoldReadiness();
  Open();
  OpenSession(1, 1);
  ASSERT_TRUE(pools_.WaitForEvent("waiting"));
  context_.TryCancel();
  EXPECT_TRUE(pools_.WaitForEvent("close s1"));
  pools_.ReleaseReadiness(FakePools::worker());
}

TEST_F(AttachStreamTest, OpensAndCallsWithoutWaitingForTheWorker) {
  pools_.HoldReadiness();
  Open();
  OpenSession(1, 3);
  Call(2, 3, "body");
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->spec.body, "body");
  EXPECT_EQ(call->spec.carrier, carrier_);
  EXPECT_EQ(call->spec.client_call_id, 2u);
  pools_.ReleaseReadiness(FakePools::worker());
  const v1::AttachResponse opened = Read();
  EXPECT_EQ(opened.call_id(), 1u);
  EXPECT_EQ(opened.opened().response().session(), "s1");
  EXPECT_EQ(opened.opened().response().worker().pid(), 4711);
  call->Reply("answer");
  EXPECT_EQ(Read().body(), "answer");
  EXPECT_TRUE(
      pools_.WaitForEvent("open s1 for " + OwnIdentity() + " attached"));
}

TEST_F(AttachStreamTest, ImportsAndDescriptionsAreIdempotent) {
  Open();
  OpenSession(1, 1);
  Read();
  Call(2, 1, "", v1::ATTACH_METHOD_CALL);
  Call(3, 1, "", v1::ATTACH_METHOD_IMPORT);
  Call(4, 1, "", v1::ATTACH_METHOD_DESCRIBE);
  for (const bool idempotent : {false, true, true}) {
    const auto call = pools_.NextCall();
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->spec.idempotent, idempotent);
    call->Reply("");
  }
}

TEST_F(AttachStreamTest, RepliesComeAsTheyComplete) {
  Open();
  OpenSession(1, 1);
  Read();
  Call(2, 1, "first");
  Call(3, 1, "second");
  const auto first = pools_.NextCall();
  const auto second = pools_.NextCall();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(first->spec.body, "first");
  second->Reply("2");
  EXPECT_EQ(Read().call_id(), 3u);
  CallResult result;
  result.body = "1";
  result.execution = absl::Microseconds(12);
  result.new_epoch = 8;
  first->done(result);
  const v1::AttachResponse reply = Read();
  EXPECT_EQ(reply.call_id(), 2u);
  EXPECT_EQ(reply.body(), "1");
  EXPECT_EQ(reply.execution_us(), 12u);
  EXPECT_EQ(reply.info().epoch(), 8u);
}

TEST_F(AttachStreamTest, CancelStopsOneCall) {
  Open();
  OpenSession(1, 1);
  Read();
  Call(2, 1);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  v1::AttachRequest cancel;
  cancel.mutable_cancel()->set_call_id(2);
  Write(cancel);
  EXPECT_TRUE(call->WaitForCancel());
  call->Fail(MakeError(ErrorReason::kCancelled, "cancelled"));
  EXPECT_EQ(ErrorInfoOf(Read().error()).reason(), "CANCELLED");
}

TEST_F(AttachStreamTest, ReleaseRunsInOrderAndIsNotAnswered) {
  Open();
  OpenSession(1, 1);
  Read();
  Call(0, 1, "release", v1::ATTACH_METHOD_RELEASE);
  Call(2, 1, "call");
  const auto release = pools_.NextCall();
  ASSERT_NE(release, nullptr);
  EXPECT_EQ(release->spec.kind, CallKind::kRelease);
  EXPECT_EQ(release->spec.body, "release");
  release->Reply("");
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->Reply("done");
  EXPECT_EQ(Read().call_id(), 2u);
}

TEST_F(AttachStreamTest, CloseEndsTheSessionAndIsAnswered) {
  Open();
  OpenSession(1, 1);
  Read();
  v1::AttachRequest close;
  close.mutable_close()->set_call_id(2);
  close.mutable_close()->set_session_number(1);
  Write(close);
  const v1::AttachResponse reply = Read();
  EXPECT_EQ(reply.call_id(), 2u);
  EXPECT_EQ(reply.kind_case(), v1::AttachResponse::KIND_NOT_SET);
  EXPECT_TRUE(pools_.WaitForEvent("close s1"));
}

TEST_F(AttachStreamTest, HalfCloseWaitsForRunningCalls) {
  Open();
  OpenSession(1, 1);
  Read();
  Call(2, 1);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  WritesDone();
  call->Reply("late");
  EXPECT_EQ(Read().body(), "late");
  EXPECT_TRUE(End().ok());
}

TEST_F(AttachStreamTest, LargeBodiesCrossWhole) {
  Open();
  OpenSession(1, 1);
  Read();
  const std::string large(12 << 20, 'z');
  Call(2, 1, large);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->spec.body.size(), large.size());
  call->Reply(large);
  EXPECT_EQ(Read().body(), large);
}

TEST_F(AttachStreamTest, ServerShutdownSaysDraining) {
  Open();
  server_->Shutdown(absl::Seconds(5));
  v1::AttachResponse ignored;
  EXPECT_FALSE(stream_->Read(&ignored));
  const grpc::Status status = stream_->Finish();
  stream_ = nullptr;
  EXPECT_THAT(status, FailsWith(grpc::StatusCode::UNAVAILABLE, "DRAINING"));
}

TEST_F(AttachStreamTest, IsolationMayBeLeftToTheServer) {
  Open();
  OpenSession(1, 1, v1::ISOLATION_KIND_AUTO);
  EXPECT_EQ(Read().opened().response().session(), "s1");
  const auto session = pools_.FindSession("s1", OwnIdentity());
  ASSERT_TRUE(session.ok());
  EXPECT_TRUE((*session)->spec().choose_isolation);
  Call(2, 1, "code", v1::ATTACH_METHOD_EXECUTE);
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->spec.kind, CallKind::kExecute);
  call->Reply("");
  EXPECT_EQ(Read().call_id(), 2u);
}

}  // namespace
}  // namespace envknit
