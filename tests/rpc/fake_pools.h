#ifndef ENVKNIT_TESTS_RPC_FAKE_POOLS_H_
#define ENVKNIT_TESTS_RPC_FAKE_POOLS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "server/pool/pool_registry.h"

namespace envknit {

class FakePools;

// A call that reached the pools and waits for the test to answer it.
class SubmittedCall final : public CallHandle {
 public:
  SubmittedCall(CallSpec call, CallDone on_result)
      : spec(std::move(call)), done(std::move(on_result)) {}

  void Cancel() override;
  bool cancelled() const;
  // Waits until the call is cancelled; false after ten seconds.
  bool WaitForCancel();
  // Answers with `body`, run by the fake worker of epoch 7.
  void Reply(std::string body);
  void Fail(absl::Status status);

  const CallSpec spec;
  CallDone done;
  // Where and for whom a call without a session runs.
  std::string environment;
  Identity identity;
  IsolationRequest isolation = IsolationRequest::kProcess;

 private:
  mutable absl::Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

class FakeSession final : public Session {
 public:
  FakeSession(FakePools* pools, std::string name, SessionSpec spec)
      : pools_(pools), name_(std::move(name)), spec_(std::move(spec)) {}

  const std::string& name() const override { return name_; }
  const SessionSpec& spec() const override { return spec_; }
  void WhenReady(
      std::function<void(absl::StatusOr<WorkerInfo>)> ready) override;
  std::shared_ptr<CallHandle> Submit(CallSpec call, CallDone done) override;
  void Cancel(uint32_t carrier, uint64_t client_call_id) override;
  void Undelivered(Epoch epoch, uint64_t first_handle,
                   uint32_t handle_count) override;
  void Close() override;
  void CloseAfter(absl::Duration grace) override;

 private:
  FakePools* const pools_;
  const std::string name_;
  const SessionSpec spec_;
};

// A PoolRegistry without workers: the test is the worker. What happened is
// recorded as text, in order.
class FakePools final : public PoolRegistry {
 public:
  absl::StatusOr<std::shared_ptr<Session>> OpenSession(
      SessionSpec spec) override;
  absl::StatusOr<std::shared_ptr<Session>> FindSession(
      absl::string_view name, const Identity& identity) override;
  std::shared_ptr<CallHandle> Call(
      std::shared_ptr<const Environment> environment,
      IsolationRequest isolation, const Identity& identity, CallSpec call,
      CallDone done) override;
  bool EpochIsAlive(Epoch epoch) const override;
  std::vector<WorkerSnapshot> ListWorkers() const override;
  std::vector<SessionSnapshot> ListSessions() const override;
  std::map<CallKind, uint64_t> CallCounts() const override;
  void Shutdown(std::function<void()> done) override { done(); }

  // Waits for the next call, in the order of submission; null if none comes.
  std::shared_ptr<SubmittedCall> NextCall(
      absl::Duration patience = absl::Seconds(10));
  // Waits until `event` was recorded; false after ten seconds.
  bool WaitForEvent(const std::string& event);
  bool HasEvent(const std::string& event) const;
  void Record(std::string event);
  std::shared_ptr<SubmittedCall> Add(CallSpec call, CallDone done);
  void WhenReady(std::function<void(absl::StatusOr<WorkerInfo>)> ready);

  // Until the test says otherwise, sessions open and are ready at once.
  void FailOpening(absl::Status status);
  void HoldReadiness();
  void ReleaseReadiness(absl::StatusOr<WorkerInfo> worker);
  void AddSession(const std::string& name, const Identity& identity);
  void SetAlive(Epoch epoch);

  static WorkerInfo worker();

 private:
  mutable absl::Mutex mu_;
  std::deque<std::shared_ptr<SubmittedCall>> calls_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> events_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::shared_ptr<Session>> sessions_
      ABSL_GUARDED_BY(mu_);
  std::set<Epoch> alive_ ABSL_GUARDED_BY(mu_);
  absl::Status opening_ ABSL_GUARDED_BY(mu_);
  bool held_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::function<void(absl::StatusOr<WorkerInfo>)>> waiting_
      ABSL_GUARDED_BY(mu_);
  int next_session_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_RPC_FAKE_POOLS_H_
