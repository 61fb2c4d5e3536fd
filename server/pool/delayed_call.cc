#include "server/pool/delayed_call.h"

#include <utility>

#include "server/pool/pool_errors.h"

namespace envknit {

absl::StatusOr<std::shared_ptr<DelayedCall>> DelayedCall::Create(
    CallSpec& spec, CallDone& done, const Room& room,
    std::function<void()> ended_early) {
  absl::Status fits = room.budget->Take(spec.body.size());
  if (!fits.ok()) return fits;
  const absl::Time deadline = spec.deadline;
  std::shared_ptr<DelayedCall> call(new DelayedCall(
      std::move(spec), std::move(done), room, std::move(ended_early)));
  const absl::MutexLock lock(&call->mu_);
  call->timer_ =
      room.timers->RunAt(deadline, [weak = std::weak_ptr<DelayedCall>(call)] {
        const std::shared_ptr<DelayedCall> self = weak.lock();
        if (self != nullptr) self->EndWith(DeadlineExpiredQueued);
      });
  return call;
}

DelayedCall::DelayedCall(CallSpec spec, CallDone done, const Room& room,
                         std::function<void()> ended_early)
    : room_(room),
      bytes_(spec.body.size()),
      ended_early_(std::move(ended_early)),
      kind_(spec.kind),
      target_(spec.target),
      carrier_(spec.carrier),
      client_call_id_(spec.client_call_id),
      spec_(std::move(spec)),
      done_(std::move(done)) {}

DelayedCall::~DelayedCall() {
  CallSpec spec;
  CallDone done;
  TakeOut(&spec, &done);
}

bool DelayedCall::waits() const {
  const absl::MutexLock lock(&mu_);
  return done_ != nullptr;
}

bool DelayedCall::TakeOut(CallSpec* spec, CallDone* done) {
  Timers::Id timer = 0;
  {
    const absl::MutexLock lock(&mu_);
    if (done_ == nullptr) return false;
    *done = std::exchange(done_, nullptr);
    *spec = std::move(spec_);
    timer = timer_;
  }
  room_.timers->Cancel(timer);
  room_.budget->Return(bytes_);
  return true;
}

void DelayedCall::PassOn(const Submit& submit) {
  CallSpec spec;
  CallDone done;
  if (!TakeOut(&spec, &done)) return;
  std::shared_ptr<CallHandle> handle = submit(std::move(spec), std::move(done));
  {
    const absl::MutexLock lock(&mu_);
    handle_ = handle;
    if (!cancelled_) return;
  }
  if (handle != nullptr) handle->Cancel();
}

void DelayedCall::End(CallResult result) {
  CallSpec spec;
  CallDone done;
  if (TakeOut(&spec, &done)) done(std::move(result));
}

void DelayedCall::EndWith(
    const std::function<absl::Status(const CallSpec&)>& status) {
  CallSpec spec;
  CallDone done;
  if (!TakeOut(&spec, &done)) return;
  CallResult result;
  result.status = status(spec);
  done(std::move(result));
  if (ended_early_) ended_early_();
}

void DelayedCall::Cancel() {
  std::shared_ptr<CallHandle> handle;
  {
    const absl::MutexLock lock(&mu_);
    cancelled_ = true;
    handle = handle_;
  }
  if (handle != nullptr) return handle->Cancel();
  EndWith(CallCancelled);
}

}  // namespace envknit
