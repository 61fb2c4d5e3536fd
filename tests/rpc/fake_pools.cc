#include "tests/rpc/fake_pools.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

std::shared_ptr<const Environment> FakeEnvironment() {
  auto environment = std::make_shared<Environment>();
  environment->name = "fake";
  environment->digest = "digest";
  return environment;
}

}  // namespace

void SubmittedCall::Cancel() {
  absl::MutexLock lock(&mu_);
  cancelled_ = true;
}

bool SubmittedCall::cancelled() const {
  absl::MutexLock lock(&mu_);
  return cancelled_;
}

bool SubmittedCall::WaitForCancel() {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&cancelled_), kPatience);
}

void SubmittedCall::Reply(std::string body) {
  CallResult result;
  result.body = std::move(body);
  result.worker = FakePools::worker();
  done(std::move(result));
}

void SubmittedCall::Fail(absl::Status status) {
  CallResult result;
  result.status = std::move(status);
  result.worker = FakePools::worker();
  done(std::move(result));
}

void FakeSession::WhenReady(
    std::function<void(absl::StatusOr<WorkerInfo>)> ready) {
  pools_->WhenReady(std::move(ready));
}

std::shared_ptr<CallHandle> FakeSession::Submit(CallSpec call, CallDone done) {
  return pools_->Add(std::move(call), std::move(done));
}

void FakeSession::Cancel(uint32_t carrier, uint64_t client_call_id) {
  pools_->Record(
      absl::StrCat("cancel ", name_, " ", carrier, "/", client_call_id));
}

void FakeSession::Undelivered(Epoch epoch, uint64_t first_handle,
                              uint32_t handle_count) {
  pools_->Record(absl::StrCat("undelivered ", name_, " ", epoch, ":",
                              first_handle, "+", handle_count));
}

void FakeSession::Close() { pools_->Record(absl::StrCat("close ", name_)); }

void FakeSession::CloseAfter(absl::Duration grace) {
  pools_->Record(
      absl::StrCat("close ", name_, " after ", absl::FormatDuration(grace)));
}

absl::StatusOr<std::shared_ptr<Session>> FakePools::OpenSession(
    SessionSpec spec) {
  absl::MutexLock lock(&mu_);
  if (!opening_.ok()) return opening_;
  const std::string name = absl::StrCat("s", next_session_++);
  events_.push_back(absl::StrCat("open ", name, " for ", spec.identity,
                                 spec.attached ? " attached" : ""));
  auto session = std::make_shared<FakeSession>(this, name, std::move(spec));
  sessions_.emplace(name, session);
  return session;
}

absl::StatusOr<std::shared_ptr<Session>> FakePools::FindSession(
    absl::string_view name, const Identity& identity) {
  absl::MutexLock lock(&mu_);
  const auto it = sessions_.find(std::string(name));
  if (it == sessions_.end() || it->second->spec().identity != identity) {
    return MakeError(ErrorReason::kSessionNotFound, "no such session",
                     {{"session", std::string(name)}});
  }
  return it->second;
}

std::shared_ptr<CallHandle> FakePools::Call(
    std::shared_ptr<const Environment> environment, IsolationRequest isolation,
    const Identity& identity, CallSpec call, CallDone done) {
  auto submitted =
      std::make_shared<SubmittedCall>(std::move(call), std::move(done));
  submitted->environment = environment->name;
  submitted->identity = identity;
  submitted->isolation = isolation;
  absl::MutexLock lock(&mu_);
  calls_.push_back(submitted);
  return submitted;
}

std::shared_ptr<SubmittedCall> FakePools::Add(CallSpec call, CallDone done) {
  auto submitted =
      std::make_shared<SubmittedCall>(std::move(call), std::move(done));
  absl::MutexLock lock(&mu_);
  calls_.push_back(submitted);
  return submitted;
}

bool FakePools::EpochIsAlive(Epoch epoch) const {
  absl::MutexLock lock(&mu_);
  return alive_.count(epoch) > 0;
}

std::vector<WorkerSnapshot> FakePools::ListWorkers() const {
  WorkerSnapshot one;
  one.environment = "fake";
  one.info = worker();
  one.state = WorkerSnapshot::State::kBusy;
  one.running = "time.sleep";
  one.running_for = absl::Milliseconds(1500);
  one.handles = 12;
  WorkerSnapshot other;
  other.environment = "other";
  return {one, other};
}

std::vector<SessionSnapshot> FakePools::ListSessions() const {
  std::vector<SessionSnapshot> sessions(2);
  SessionSnapshot& one = sessions[0];
  one.environment = "fake";
  one.name = "s1";
  one.identity = "uid:7";
  one.labels = {{"job", "nightly"}};
  one.pid = 4711;
  one.epoch = 7;
  one.handles = 3;
  one.calls_in_flight = 2;
  one.calls = 5;
  one.opened = absl::FromUnixSeconds(100);
  one.last_call = absl::FromUnixSeconds(160);
  one.expires = absl::FromUnixSeconds(220);
  SessionSnapshot& other = sessions[1];
  other.environment = "other";
  other.name = "s2";
  other.attached = true;
  other.implicit = true;
  return sessions;
}

std::map<CallKind, uint64_t> FakePools::CallCounts() const {
  return {{CallKind::kCall, 3}, {CallKind::kImport, 1}};
}

std::shared_ptr<SubmittedCall> FakePools::NextCall(absl::Duration patience) {
  absl::MutexLock lock(&mu_);
  const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return !calls_.empty();
  };
  if (!mu_.AwaitWithTimeout(absl::Condition(&there), patience)) return nullptr;
  std::shared_ptr<SubmittedCall> next = std::move(calls_.front());
  calls_.pop_front();
  return next;
}

bool FakePools::WaitForEvent(const std::string& event) {
  absl::MutexLock lock(&mu_);
  const auto there = [this, &event]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return std::find(events_.begin(), events_.end(), event) != events_.end();
  };
  return mu_.AwaitWithTimeout(absl::Condition(&there), kPatience);
}

bool FakePools::HasEvent(const std::string& event) const {
  absl::MutexLock lock(&mu_);
  return std::find(events_.begin(), events_.end(), event) != events_.end();
}

void FakePools::Record(std::string event) {
  absl::MutexLock lock(&mu_);
  events_.push_back(std::move(event));
}

void FakePools::WhenReady(
    std::function<void(absl::StatusOr<WorkerInfo>)> ready) {
  {
    absl::MutexLock lock(&mu_);
    if (held_) {
      waiting_.push_back(std::move(ready));
      events_.push_back("waiting");
      return;
    }
  }
  ready(worker());
}

void FakePools::FailOpening(absl::Status status) {
  absl::MutexLock lock(&mu_);
  opening_ = std::move(status);
}

void FakePools::HoldReadiness() {
  absl::MutexLock lock(&mu_);
  held_ = true;
}

void FakePools::ReleaseReadiness(absl::StatusOr<WorkerInfo> worker) {
  std::vector<std::function<void(absl::StatusOr<WorkerInfo>)>> waiting;
  {
    absl::MutexLock lock(&mu_);
    held_ = false;
    waiting.swap(waiting_);
  }
  for (const auto& ready : waiting) ready(worker);
}

void FakePools::AddSession(const std::string& name, const Identity& identity) {
  SessionSpec spec;
  spec.environment = FakeEnvironment();
  spec.identity = identity;
  absl::MutexLock lock(&mu_);
  sessions_[name] = std::make_shared<FakeSession>(this, name, std::move(spec));
}

void FakePools::SetAlive(Epoch epoch) {
  absl::MutexLock lock(&mu_);
  alive_.insert(epoch);
}

WorkerInfo FakePools::worker() {
  WorkerInfo info;
  info.epoch = 7;
  info.pid = 4711;
  info.python = "3.11.7";
  info.started = absl::UnixEpoch();
  return info;
}

}  // namespace envknit
