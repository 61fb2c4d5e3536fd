#ifndef ENVKNIT_TESTS_POOL_POOL_FIXTURE_H_
#define ENVKNIT_TESTS_POOL_POOL_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "server/pool/pool_registry.h"
#include "tests/pool/fake_time.h"
#include "tests/pool/fake_workers.h"

namespace envknit {

// A registry over fake workers, a fake clock and fake timers.
class PoolFixture : public ::testing::Test {
 protected:
  static constexpr uint32_t kTag = 0xabcd;
  static constexpr Epoch kFirst = (Epoch{kTag} << 32) + 1;

  explicit PoolFixture(PoolOptions options = {})
      : registry_(PoolRegistry::Create(options, kTag,
                                       {{IsolationKind::kProcess, &factory_}},
                                       &clock_, &timers_, &logger_)) {
    auto environment = std::make_shared<Environment>();
    environment->name = "env";
    environment->digest = "d1";
    environment_ = std::move(environment);
  }

  SessionSpec Spec(Identity identity = "uid:1") const {
    SessionSpec spec;
    spec.environment = environment_;
    spec.identity = std::move(identity);
    spec.start_timeout = absl::Seconds(60);
    spec.attached = true;
    return spec;
  }

  CallSpec Call(std::string target,
                absl::Duration timeout = absl::Seconds(30)) const {
    CallSpec call;
    call.body = target;
    call.target = std::move(target);
    call.timeout = timeout;
    call.deadline = clock_.Now() + timeout;
    call.start_timeout = absl::Seconds(60);
    return call;
  }

  // Appends "f OK" or "f WORKER_CRASHED" to results_.
  CallDone Note(std::string target) {
    return [this, target = std::move(target)](CallResult result) {
      const auto detail = GetErrorDetail(result.status);
      results_.push_back(
          target + " " +
          (detail ? std::string(ErrorReasonName(detail->reason)) : "OK"));
      last_ = std::move(result);
    };
  }

  std::shared_ptr<Session> OpenAndStart() {
    auto session = registry_->OpenSession(Spec());
    EXPECT_TRUE(session.ok()) << session.status();
    factory_.Succeed(factory_.Epochs().back());
    return *session;
  }

  FakeClock clock_;
  FakeTimers timers_{&clock_};
  NullLogger logger_;
  FakeWorkerFactory factory_;
  std::shared_ptr<const Environment> environment_;
  std::vector<std::string> results_;
  CallResult last_;
  std::unique_ptr<PoolRegistry> registry_;
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_POOL_POOL_FIXTURE_H_
