#ifndef ENVKNIT_TESTS_POOL_PROBING_FIXTURE_H_
#define ENVKNIT_TESTS_POOL_PROBING_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "server/pool/probing_pool_registry.h"
#include "server/pool/wire_bytes.h"
#include "tests/pool/fake_time.h"
#include "tests/pool/fake_workers.h"

namespace envknit {

// A serialized TryImportResponse.
inline std::string Loaded() { return std::string("\x10\x01"); }
inline std::string Incompatible(const std::string& why) {
  return EncodeIncompatible(why);
}
inline std::string Failed(const std::string& why) {
  std::string response = EncodeIncompatible(why);
  response[1] = 3;
  return response;
}

// Both kinds of workers and the throw-away ones are fake, as clock and timers
// are. The environment has a Python 3.13, modules "fast" and "slow", and
// compiled files.
class ProbingFixture : public ::testing::Test {
 protected:
  ProbingFixture() { environment_ = MakeEnvironment("3.13.0", "cpython-313"); }

  static std::shared_ptr<const Environment> MakeEnvironment(
      const std::string& python, const std::string& abi_tag) {
    auto environment = std::make_shared<Environment>();
    environment->name = "env";
    environment->digest = "d-" + abi_tag;
    environment->interpreter.version = python;
    environment->interpreter.major = 3;
    environment->interpreter.minor = std::stoi(python.substr(2));
    environment->interpreter.abi_tag = abi_tag;
    environment->contents = EnvironmentContents{{"fast", "slow"}, true};
    return environment;
  }

  SessionSpec Auto() const {
    SessionSpec spec = Explicit(IsolationKind::kProcess);
    spec.choose_isolation = true;
    return spec;
  }
  SessionSpec Explicit(IsolationKind isolation) const {
    SessionSpec spec;
    spec.environment = environment_;
    spec.isolation = isolation;
    spec.identity = "uid:1";
    spec.start_timeout = absl::Seconds(60);
    spec.attached = true;
    return spec;
  }

  CallSpec Call(CallKind kind, std::string target,
                absl::Duration timeout = absl::Seconds(40)) const {
    CallSpec call;
    call.kind = kind;
    call.body = target;
    call.target = std::move(target);
    call.timeout = timeout;
    call.deadline = clock_.Now() + timeout;
    call.start_timeout = absl::Seconds(60);
    call.client_call_id = ++last_call_;
    return call;
  }

  // Appends "f OK", "f OK body" or "f WORKER_CRASHED" to results_.
  CallDone Note(std::string target) {
    return [this, target = std::move(target)](CallResult result) {
      const auto detail = GetErrorDetail(result.status);
      std::string text =
          target + " " +
          (detail ? std::string(ErrorReasonName(detail->reason)) : "OK");
      if (!result.body.empty()) text += " " + result.body;
      results_.push_back(text);
      last_ = std::move(result);
    };
  }

  // The trial that began last: its worker starts, and answers one module after
  // the other.
  Epoch Trial() const { return throw_away_.Epochs().back(); }
  void Answer(const std::vector<std::string>& responses) {
    const Epoch epoch = Trial();
    throw_away_.Succeed(epoch);
    for (const std::string& response : responses) {
      WorkerReply reply;
      reply.body = response;
      throw_away_.ReplyToLast(epoch, std::move(reply));
    }
  }
  std::size_t trials() const { return throw_away_.Epochs().size(); }

  FakeClock clock_;
  FakeTimers timers_{&clock_};
  NullLogger logger_;
  FakeWorkerFactory processes_;
  FakeWorkerFactory interpreters_;
  FakeWorkerFactory throw_away_;
  std::shared_ptr<const Environment> environment_;
  std::vector<std::string> results_;
  CallResult last_;
  mutable uint64_t last_call_ = 0;
  std::unique_ptr<PoolRegistry> pools_ =
      PoolRegistry::Create({}, 0xabcd,
                           {{IsolationKind::kProcess, &processes_},
                            {IsolationKind::kSubinterpreter, &interpreters_}},
                           &clock_, &timers_, &logger_);
  std::shared_ptr<ImportProbes> probes_ = std::make_shared<ImportProbes>(
      ImportProbes::Options(),
      ImportProbe::Parts{&throw_away_, &clock_, &timers_}, &logger_, 0xabcd);
  // So much may wait.
  static PoolOptions Limits() {
    PoolOptions limits;
    limits.queue_calls = 3;
    limits.queue_bytes = 1000;
    return limits;
  }
  ProbingPoolRegistry registry_{
      Limits(), {pools_.get(), &clock_, &timers_, &logger_}, probes_};
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_POOL_PROBING_FIXTURE_H_
