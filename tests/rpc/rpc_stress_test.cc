#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "envknit/v1/isolation_service.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

// Streams and calls that end in every way while replies are under way: what
// breaks here is the order of gRPC's callbacks against the pool's.

namespace envknit {
namespace {

constexpr int kClients = 4;
constexpr int kRounds = 40;

class RpcStressTest : public RpcTest {
 protected:
  RpcStressTest() { limits_.stream_grace = absl::ZeroDuration(); }

  // Plays the workers until told to stop and nothing is left.
  void Answer() {
    while (true) {
      const auto call = pools_.NextCall(absl::Milliseconds(50));
      if (call != nullptr) {
        call->Reply(std::string(100, 'r'));
        ++answered_;
      } else if (stop_) {
        return;
      }
    }
  }

  void RunStream(v1::IsolationService::Stub& stub, std::mt19937& random) {
    grpc::ClientContext context;
    auto stream = stub.Attach(&context);
    v1::AttachRequest request;
    request.mutable_open()->set_call_id(1);
    request.mutable_open()->set_session_number(1);
    request.mutable_open()->mutable_request()->mutable_environment()->set_name(
        "fake");
    bool alive = stream->Write(request);
    const int calls = static_cast<int>(random() % 20);
    for (int i = 0; i < calls && alive; ++i) {
      request.mutable_call()->set_call_id(static_cast<uint64_t>(2 + i));
      request.mutable_call()->set_method(v1::ATTACH_METHOD_CALL);
      request.mutable_call()->set_session_number(1);
      alive = stream->Write(request);
    }
    v1::AttachResponse response;
    switch (random() % 4) {
      case 0:
        context.TryCancel();
        break;
      case 1:
        if (alive) stream->Write({});
        break;
      case 2:
        for (int i = 0; i < calls / 2 && stream->Read(&response); ++i) {
        }
        context.TryCancel();
        break;
      default:
        stream->WritesDone();
    }
    while (stream->Read(&response)) {
    }
    stream->Finish();
  }

  void RunUnary(v1::IsolationService::Stub& stub, std::mt19937& random) {
    grpc::ClientContext context;
    if (random() % 2 == 0) {
      context.set_deadline(std::chrono::system_clock::now() +
                           std::chrono::milliseconds(random() % 30));
    }
    v1::CallRequest request;
    request.mutable_environment()->set_name("fake");
    v1::CallResponse response;
    stub.Call(&context, request, &response);
  }

  void RunClient(unsigned seed) {
    std::mt19937 random(seed);
    const auto stub = v1::IsolationService::NewStub(Channel());
    for (int round = 0; round < kRounds; ++round) {
      RunStream(*stub, random);
      RunUnary(*stub, random);
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
};

TEST_F(RpcStressTest, SurvivesEveryWayOfEnding) {
  Serve();
  std::thread worker([this] { Answer(); });
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kClients; ++i) {
    clients.emplace_back([this, i] { RunClient(i); });
  }
  for (std::thread& client : clients) client.join();
  stop_ = true;
  worker.join();
  EXPECT_GT(answered_, kClients * kRounds);
}

TEST_F(RpcStressTest, ShutdownUnderLoadEndsEverything) {
  Serve();
  std::thread worker([this] { Answer(); });
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kClients; ++i) {
    clients.emplace_back([this, i] { RunClient(100 + i); });
  }
  while (answered_ < 100) std::this_thread::yield();
  listener_->Stop();
  server_->Shutdown(absl::Milliseconds(100));
  listener_ = nullptr;
  server_ = nullptr;
  for (std::thread& client : clients) client.join();
  stop_ = true;
  worker.join();
}

}  // namespace
}  // namespace envknit
