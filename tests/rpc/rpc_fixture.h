#ifndef ENVKNIT_TESTS_RPC_RPC_FIXTURE_H_
#define ENVKNIT_TESTS_RPC_RPC_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "server/base/event_loop.h"
#include "server/base/log.h"
#include "server/base/real_clock.h"
#include "server/rpc/rpc_server.h"
#include "server/rpc/unix_listener.h"
#include "tests/rpc/fake_pools.h"

namespace envknit {

// Knows one environment, "fake", which has package "numpy" 1.26.4.
class FakeStore final : public EnvironmentStore {
 public:
  absl::StatusOr<std::shared_ptr<const Environment>> Resolve(
      const EnvironmentQuery& query, IsolationRequest isolation) override;
  std::vector<EnvironmentListing> List() override;
  bool HasSubinterpreters() override { return true; }
  int questions() const;
  // Makes questions wait until it is called with false.
  void Hold(bool held);

 private:
  mutable absl::Mutex mu_;
  int questions_ ABSL_GUARDED_BY(mu_) = 0;
  bool free_ ABSL_GUARDED_BY(mu_) = true;
};

// Keeps the lines it is given.
class MemoryLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel level, absl::string_view message,
             absl::Span<const LogField> fields) override;
  // All lines, as "message key=value …\n".
  std::string text() const;

 private:
  mutable absl::Mutex mu_;
  std::string text_ ABSL_GUARDED_BY(mu_);
};

// A real gRPC server on a unix socket in a directory of its own, with pools
// that the test answers for.
class RpcTest : public testing::Test {
 protected:
  RpcTest();
  ~RpcTest() override;

  // Starts the server; a test that wants other limits changes them before.
  void Serve(RpcServerOptions options = {});

  std::shared_ptr<grpc::Channel> Channel() const;
  std::string socket_path() const { return directory_ + "/d.sock"; }
  // What the server calls this process.
  static Identity OwnIdentity();

  std::string directory_;
  RealClock clock_;
  std::unique_ptr<EventLoop> loop_;
  MemoryLogger logger_;
  PeerIdentities peers_;
  FakePools pools_;
  FakeStore store_;
  EnvironmentResolver resolver_{&store_};
  AccessLog access_log_{&logger_};
  RpcLimits limits_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<UnixListener> listener_;
};

// The one ErrorInfo of a status; fails the test if there is none, or more.
google::rpc::ErrorInfo ErrorInfoOf(const google::rpc::Status& status);
google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status);

MATCHER_P2(FailsWith, code, reason, "") {
  *result_listener << arg.error_code() << ": " << arg.error_message();
  return arg.error_code() == code && ErrorInfoOf(arg).reason() == reason;
}

}  // namespace envknit

#endif  // ENVKNIT_TESTS_RPC_RPC_FIXTURE_H_
