#include "tests/rpc/rpc_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

std::string MakeDirectory() {
  std::string path = "/tmp/envknit-rpc-XXXXXX";
  return ::mkdtemp(path.data()) == nullptr ? "" : path;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Environment>> FakeStore::Resolve(
    const EnvironmentQuery& query, IsolationRequest isolation) {
  {
    absl::MutexLock lock(&mu_);
    ++questions_;
    mu_.Await(absl::Condition(&free_));
  }
  auto environment = std::make_shared<Environment>();
  environment->name = "fake";
  environment->digest =
      isolation == IsolationRequest::kSubinterpreter ? "digest3" : "digest";
  if (const auto* package = std::get_if<EnvironmentByPackage>(&query)) {
    if (package->name == "numpy") return environment;
    return MakeError(ErrorReason::kPackageNotLocked, "no such package",
                     {{"package", package->name}});
  }
  if (const auto* name = std::get_if<EnvironmentByName>(&query)) {
    if (name->name == "fake") return environment;
    return MakeError(ErrorReason::kEnvNotFound, "no such environment",
                     {{"environment", name->name}, {"near", "fake"}});
  }
  return MakeError(ErrorReason::kInlineDenied, "no inline environments");
}

std::vector<EnvironmentListing> FakeStore::List() {
  EnvironmentListing good;
  good.name = "fake";
  good.packages.push_back({"numpy", "numpy", "1.26.4", "/e/numpy"});
  auto environment = std::make_shared<Environment>();
  environment->digest = "digest";
  environment->interpreter.version = "3.11.7";
  good.environment = environment;
  EnvironmentListing bad;
  bad.name = "broken";
  bad.problem = MakeError(ErrorReason::kEnvNotInstalled, "path is missing");
  return {good, bad};
}

void FakeStore::Hold(bool held) {
  absl::MutexLock lock(&mu_);
  free_ = !held;
}

int FakeStore::questions() const {
  absl::MutexLock lock(&mu_);
  return questions_;
}

void MemoryLogger::Write(LogLevel, absl::string_view message,
                         absl::Span<const LogField> fields) {
  absl::MutexLock lock(&mu_);
  absl::StrAppend(&text_, message);
  for (const LogField& field : fields) {
    absl::StrAppend(&text_, " ", field.key(), "=", field.value());
  }
  absl::StrAppend(&text_, "\n");
}

std::string MemoryLogger::text() const {
  absl::MutexLock lock(&mu_);
  return text_;
}

RpcTest::RpcTest() : directory_(MakeDirectory()) {
  absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create(&clock_);
  EXPECT_TRUE(loop.ok());
  loop_ = *std::move(loop);
}

RpcTest::~RpcTest() {
  if (server_ != nullptr) server_->Shutdown(absl::ZeroDuration());
  listener_ = nullptr;
  server_ = nullptr;
  loop_ = nullptr;
  std::filesystem::remove_all(directory_);
}

void RpcTest::Serve(RpcServerOptions options) {
  RpcBackend backend;
  backend.pools = &pools_;
  backend.environments = &resolver_;
  backend.clock = &clock_;
  backend.timers = loop_.get();
  backend.logger = &logger_;
  backend.peers = &peers_;
  backend.access_log = &access_log_;
  backend.limits = limits_;
  backend.instance = "test-instance";
  absl::StatusOr<std::unique_ptr<RpcServer>> server =
      RpcServer::Start(std::move(options), std::move(backend));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  absl::StatusOr<std::unique_ptr<UnixListener>> listener =
      UnixListener::Bind(socket_path());
  ASSERT_TRUE(listener.ok()) << listener.status();
  listener_ = *std::move(listener);
  ASSERT_TRUE(listener_
                  ->Serve(loop_.get(), &peers_, &logger_,
                          [this](UniqueFd connection) {
                            server_->Accept(std::move(connection));
                          })
                  .ok());
}

std::shared_ptr<grpc::Channel> RpcTest::Channel() const {
  grpc::ChannelArguments arguments;
  // Not the connection of another test.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(absl::StrCat("unix:", socket_path()),
                                   grpc::InsecureChannelCredentials(),
                                   arguments);
}

Identity RpcTest::OwnIdentity() { return absl::StrCat("uid:", ::getuid()); }

google::rpc::ErrorInfo ErrorInfoOf(const google::rpc::Status& status) {
  google::rpc::ErrorInfo found;
  int count = 0;
  for (const google::protobuf::Any& detail : status.details()) {
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&found)) ++count;
  }
  EXPECT_EQ(count, 1) << status.ShortDebugString();
  EXPECT_EQ(found.domain(), "envknit");
  return found;
}

google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(details.message(), status.error_message());
  return ErrorInfoOf(details);
}

}  // namespace envknit
