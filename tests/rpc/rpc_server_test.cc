#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"

#include "envknit/v1/admin_service.grpc.pb.h"
#include "envknit/v1/isolation_service.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

class RpcServerTest : public RpcTest {
 protected:
  UniqueFd Connect() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(),
                 sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                        sizeof(address)),
              0);
    return fd;
  }
  grpc::Status ServerInfo(v1::GetServerInfoResponse* response) {
    grpc::ClientContext context;
    return v1::AdminService::NewStub(Channel())->GetServerInfo(&context, {},
                                                               response);
  }
};

TEST_F(RpcServerTest, PeerThatDoesNotSpeakHttp2IsCutOff) {
  Serve();
  const UniqueFd fd = Connect();
  const std::string garbage(100, '\xAB');
  ASSERT_EQ(::send(fd.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(garbage.size()));
  char buffer[4096];
  while (::recv(fd.get(), buffer, sizeof(buffer), 0) > 0) {
  }
  v1::GetServerInfoResponse info;
  EXPECT_TRUE(ServerInfo(&info).ok());
}

TEST_F(RpcServerTest, MessageFarOverTheLimitIsRefused) {
  limits_.message_bytes = 1 << 20;
  Serve();
  v1::CallRequest request;
  request.mutable_environment()->set_name("fake");
  request.add_args()->set_bytes_value(std::string(4 << 20, 'x'));
  grpc::ClientContext context;
  v1::CallResponse response;
  EXPECT_EQ(v1::IsolationService::NewStub(Channel())
                ->Call(&context, request, &response)
                .error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(RpcServerTest, SecondServerOnTheSamePortFails) {
  Serve({.tcp_address = "127.0.0.1:0"});
  RpcBackend backend;
  backend.pools = &pools_;
  backend.environments = &resolver_;
  backend.clock = &clock_;
  backend.timers = loop_.get();
  backend.logger = &logger_;
  backend.peers = &peers_;
  backend.access_log = &access_log_;
  EXPECT_FALSE(RpcServer::Start({.tcp_address = absl::StrCat(
                                     "127.0.0.1:", server_->tcp_port())},
                                backend)
                   .ok());
}

TEST_F(RpcServerTest, TcpPeersAreAnonymous) {
  Serve({.tcp_address = "127.0.0.1:0"});
  ASSERT_GT(server_->tcp_port(), 0);
  auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->tcp_port()),
                          grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  v1::OpenSessionRequest request;
  request.mutable_environment()->set_name("fake");
  v1::OpenSessionResponse response;
  ASSERT_TRUE(v1::IsolationService::NewStub(channel)
                  ->OpenSession(&context, request, &response)
                  .ok());
  EXPECT_TRUE(pools_.WaitForEvent("open s1 for anonymous"));
}

TEST_F(RpcServerTest, HealthKnowsTheNamesThatWereSet) {
  Serve();
  server_->SetServing("fake", true);
  server_->SetServing("broken", false);
  auto stub = grpc::health::v1::Health::NewStub(Channel());
  const auto check = [&stub](const std::string& name) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = stub->Check(&context, request, &response);
    return status.ok() ? static_cast<int>(response.status())
                       : -static_cast<int>(status.error_code());
  };
  EXPECT_EQ(check(""), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(check("fake"), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(check("broken"),
            grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check("nope"), -static_cast<int>(grpc::StatusCode::NOT_FOUND));
}

TEST_F(RpcServerTest, StoreThatTakesItsTimeHoldsNoHandlerUp) {
  Serve();
  store_.Hold(true);
  std::vector<std::thread> waiting;
  // More than gRPC has threads.
  for (int i = 0; i < 40; ++i) {
    waiting.emplace_back([this] {
      grpc::ClientContext context;
      v1::CallRequest request;
      request.mutable_environment()->set_name("nope");
      v1::CallResponse response;
      EXPECT_THAT(v1::IsolationService::NewStub(Channel())->Call(
                      &context, request, &response),
                  FailsWith(grpc::StatusCode::NOT_FOUND, "ENV_NOT_FOUND"));
    });
  }
  v1::GetServerInfoResponse info;
  EXPECT_TRUE(ServerInfo(&info).ok());
  store_.Hold(false);
  for (std::thread& thread : waiting) thread.join();
}

TEST_F(RpcServerTest, SaysWhatItIs) {
  Serve();
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(ServerInfo(&info).ok());
  EXPECT_EQ(info.version(), ENVKNIT_VERSION);
  EXPECT_THAT(info.apis(), ElementsAre("envknit.v1"));
  EXPECT_EQ(info.instance(), "test-instance");
  EXPECT_EQ(info.pid(), ::getpid());
  EXPECT_THAT(info.isolation_kinds(),
              ElementsAre(v1::ISOLATION_KIND_PROCESS,
                          v1::ISOLATION_KIND_SUBINTERPRETER));
  EXPECT_EQ(info.limits().at("message_bytes"), 16u << 20);
  EXPECT_EQ(info.limits().at("handles"), 0) << "no limit of its own";
  EXPECT_THAT(info.calls(),
              UnorderedElementsAre(Pair("Call", 3), Pair("Import", 1)));
}

TEST_F(RpcServerTest, ListsEnvironmentsWithTheirProblems) {
  Serve();
  grpc::ClientContext context;
  v1::ListEnvironmentsResponse response;
  ASSERT_TRUE(v1::AdminService::NewStub(Channel())
                  ->ListEnvironments(&context, {}, &response)
                  .ok());
  ASSERT_EQ(response.environments_size(), 2);
  EXPECT_EQ(response.environments(0).name(), "fake");
  EXPECT_EQ(response.environments(0).python(), "3.11.7");
  EXPECT_EQ(response.environments(0).packages(0).version(), "1.26.4");
  EXPECT_EQ(response.environments(1).problem(), "path is missing");
}

TEST_F(RpcServerTest, ListsTheWorkersOfOneEnvironment) {
  Serve();
  grpc::ClientContext context;
  v1::ListWorkersRequest request;
  request.set_environment("fake");
  v1::ListWorkersResponse response;
  ASSERT_TRUE(v1::AdminService::NewStub(Channel())
                  ->ListWorkers(&context, request, &response)
                  .ok());
  ASSERT_EQ(response.workers_size(), 1);
  EXPECT_EQ(response.workers(0).pid(), 4711);
  EXPECT_EQ(response.workers(0).state(), v1::WORKER_STATE_BUSY);
  EXPECT_EQ(response.workers(0).running_for().seconds(), 1);
  EXPECT_EQ(response.workers(0).running_for().nanos(), 500000000);
  EXPECT_EQ(response.workers(0).handles(), 12);
}

TEST_F(RpcServerTest, ListsTheSessionsOfOneEnvironment) {
  Serve();
  grpc::ClientContext context;
  v1::ListSessionsRequest request;
  request.set_environment("fake");
  v1::ListSessionsResponse response;
  ASSERT_TRUE(v1::AdminService::NewStub(Channel())
                  ->ListSessions(&context, request, &response)
                  .ok());
  ASSERT_EQ(response.sessions_size(), 1);
  const v1::SessionStatus& session = response.sessions(0);
  EXPECT_EQ(session.isolation(), v1::ISOLATION_KIND_PROCESS);
  EXPECT_EQ(session.session(), "s1");
  EXPECT_EQ(session.identity(), "uid:7");
  EXPECT_FALSE(session.attached());
  EXPECT_FALSE(session.implicit());
  EXPECT_THAT(session.labels(), UnorderedElementsAre(Pair("job", "nightly")));
  EXPECT_EQ(session.pid(), 4711);
  EXPECT_EQ(session.epoch(), 7);
  EXPECT_EQ(session.handles(), 3);
  EXPECT_EQ(session.calls_in_flight(), 2);
  EXPECT_EQ(session.calls(), 5);
  EXPECT_EQ(session.opened().seconds(), 100);
  EXPECT_EQ(session.last_call().seconds(), 160);
  EXPECT_EQ(session.expires().seconds(), 220);
}

TEST_F(RpcServerTest, ListsAllSessionsUnlessAskedForFewer) {
  Serve();
  grpc::ClientContext context;
  v1::ListSessionsResponse response;
  ASSERT_TRUE(v1::AdminService::NewStub(Channel())
                  ->ListSessions(&context, {}, &response)
                  .ok());
  ASSERT_EQ(response.sessions_size(), 2);
  EXPECT_TRUE(response.sessions(1).attached());
  EXPECT_TRUE(response.sessions(1).implicit());
  EXPECT_FALSE(response.sessions(1).has_expires());
}

}  // namespace
}  // namespace envknit
