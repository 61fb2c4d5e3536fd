#include <memory>
#include <string>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

// A client that sends requests and reads no replies must cost bounded memory.

namespace envknit {
namespace {

class AttachBackpressureTest : public RpcTest {
 protected:
  void Open() {
    Serve();
    stub_ = v1::IsolationService::NewStub(Channel());
    stream_ = stub_->Attach(&context_);
    v1::AttachResponse response;
    ASSERT_TRUE(stream_->Read(&response));
    v1::AttachRequest open;
    open.mutable_open()->set_call_id(1);
    open.mutable_open()->set_session_number(1);
    open.mutable_open()->mutable_request()->mutable_environment()->set_name(
        "fake");
    ASSERT_TRUE(stream_->Write(open));
    ASSERT_TRUE(stream_->Read(&response));
  }
  void Call(uint64_t call_id) {
    v1::AttachRequest request;
    request.mutable_call()->set_call_id(call_id);
    request.mutable_call()->set_method(v1::ATTACH_METHOD_CALL);
    request.mutable_call()->set_session_number(1);
    ASSERT_TRUE(stream_->Write(request));
  }
  // Submits calls, answered with `bytes` each, until the server reads no more.
  int CallUntilNotRead(std::size_t bytes, int most) {
    for (int i = 0; i < most; ++i) {
      Call(static_cast<uint64_t>(2 + i));
      const auto call = pools_.NextCall(absl::Milliseconds(500));
      if (call == nullptr) return i;
      call->Reply(std::string(bytes, 'r'));
    }
    return most;
  }

  grpc::ClientContext context_;
  std::unique_ptr<v1::IsolationService::Stub> stub_;
  std::unique_ptr<
      grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>>
      stream_;
};

TEST_F(AttachBackpressureTest, ReadsNoFurtherRequestsUntilDrained) {
  limits_.unsent_bytes = 1 << 20;
  Open();
  // gRPC's own windows take some of it.
  const int accepted = CallUntilNotRead(1 << 20, 64);
  EXPECT_LT(accepted, 64);
  v1::AttachResponse response;
  for (int i = 0; i < accepted; ++i) {
    ASSERT_TRUE(stream_->Read(&response));
    EXPECT_EQ(response.body().size(), 1u << 20);
  }
  // The request that waited is read now.
  const auto call = pools_.NextCall();
  ASSERT_NE(call, nullptr);
  call->Reply("last");
  ASSERT_TRUE(stream_->Read(&response));
  EXPECT_EQ(response.body(), "last");
  stream_->WritesDone();
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(AttachBackpressureTest, EndsTheStreamOfClientThatNeverReads) {
  limits_.unsent_bytes = 1 << 20;
  limits_.drain_timeout = absl::Milliseconds(200);
  limits_.stream_grace = absl::ZeroDuration();
  Open();
  for (uint64_t i = 0; i < 32; ++i) Call(2 + i);
  while (!pools_.HasEvent("close s1")) {
    const auto call = pools_.NextCall(absl::Milliseconds(100));
    if (call != nullptr) call->Reply(std::string(1 << 20, 'r'));
  }
  v1::AttachResponse ignored;
  while (stream_->Read(&ignored)) {
  }
  EXPECT_EQ(stream_->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace envknit
