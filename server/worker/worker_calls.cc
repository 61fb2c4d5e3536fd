#include "server/worker/worker_calls.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"
#include "server/frame/frame_header.h"

namespace envknit {

static_assert(static_cast<int>(CallKind::kImport) ==
                  static_cast<int>(FrameKind::kImport) &&
              static_cast<int>(CallKind::kEndSession) ==
                  static_cast<int>(FrameKind::kEndSession) &&
              static_cast<int>(CallKind::kTryImport) ==
                  static_cast<int>(FrameKind::kTryImport));

WorkerCalls::WorkerCalls(Epoch epoch, WorkerListener* listener,
                         Connection connection, EventLoop* loop,
                         const Clock* clock)
    : epoch_(epoch),
      page_(std::move(connection.page)),
      loop_(loop),
      clock_(clock),
      listener_(listener),
      channel_(std::move(connection.channel), loop,
               {.max_payload = connection.max_payload}) {}

absl::Status WorkerCalls::Start(Troubles troubles) {
  troubles_ = std::move(troubles);
  return channel_.Start([this](Frame frame) { OnFrame(std::move(frame)); },
                        [this](const absl::Status& why) { OnEnd(why); });
}

void WorkerCalls::OnFrame(Frame frame) {
  if (!open_) {
    channel_.StopReading();
    return troubles_.broken("call channel: a frame before READY");
  }
  absl::StatusOr<WorkerReply> reply;
  {
    absl::MutexLock lock(&mu_);
    reply = ledger_.Take(std::move(frame));
  }
  if (reply.ok()) return Deliver(*std::move(reply));
  channel_.StopReading();
  troubles_.broken(absl::StrCat("call channel: ", reply.status().message()));
}

void WorkerCalls::OnEnd(const absl::Status& why) {
  if (absl::IsInvalidArgument(why)) {
    troubles_.broken(absl::StrCat("call channel: ", why.message()));
  } else {
    troubles_.closed();
  }
}

void WorkerCalls::Deliver(WorkerReply reply) {
  WorkerListener* listener;
  {
    absl::MutexLock lock(&mu_);
    listener = exited_ ? nullptr : listener_;
  }
  if (listener != nullptr) listener->OnReply(std::move(reply));
}

void WorkerCalls::Drain() {
  channel_.ReadWhatIsThere();
  channel_.StopReading();
}

WorkerListener* WorkerCalls::TakeListener() {
  absl::MutexLock lock(&mu_);
  exited_ = true;
  return std::exchange(listener_, nullptr);
}

void WorkerCalls::Abandon() {
  absl::MutexLock lock(&mu_);
  listener_ = nullptr;
}

uint64_t WorkerCalls::MonotonicDeadline(absl::Time deadline) const {
  if (deadline == absl::InfiniteFuture()) return 0;
  struct timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const absl::Duration at =
      absl::DurationFromTimespec(now) + (deadline - clock_->Now());
  // 0 would mean none.
  return static_cast<uint64_t>(
      std::max<int64_t>(absl::ToInt64Nanoseconds(at), 1));
}

void WorkerCalls::Submit(WorkerCall call, int pid) {
  FrameHeader header;
  header.kind = static_cast<FrameKind>(call.kind);
  header.call_id = call.id;
  header.session = call.session;
  header.set_deadline_ns(MonotonicDeadline(call.deadline));
  absl::Status sent;
  {
    // Held while it is sent: the order in the ledger is that on the wire.
    absl::MutexLock lock(&mu_);
    if (exited_) return;
    if (ledger_.Add(call.id, call.session)) {
      sent = channel_.Send(header, std::move(call.body));
      // After UNAVAILABLE the exit follows, which answers for the call.
      if (absl::IsResourceExhausted(sent)) ledger_.RemoveLast();
    } else {
      sent = absl::ResourceExhaustedError("call ids must increase");
    }
  }
  if (absl::IsResourceExhausted(sent)) Refuse(call.id, pid, sent);
}

void WorkerCalls::Refuse(CallId id, int pid, const absl::Status& why) {
  WorkerReply reply;
  reply.id = id;
  reply.status = MakeError(
      ErrorReason::kWorkerUnavailable,
      absl::StrCat("the call was not sent to the worker: ", why.message()),
      {{"pid", absl::StrCat(pid)}});
  // Never from inside Submit.
  loop_->Post([weak = weak_from_this(), reply = std::move(reply)]() mutable {
    const std::shared_ptr<WorkerCalls> self = weak.lock();
    if (self != nullptr) self->Deliver(std::move(reply));
  });
}

bool WorkerCalls::MarkCancelled(CallId id) {
  absl::MutexLock lock(&mu_);
  return !exited_ && ledger_.MarkCancelled(id);
}

void WorkerCalls::MarkAllCancelled() {
  absl::MutexLock lock(&mu_);
  ledger_.CancelAll();
}

bool WorkerCalls::HasOpenCalls() const {
  absl::MutexLock lock(&mu_);
  return !ledger_.Empty();
}

bool WorkerCalls::SaysItEndsProcess() const {
  return page_.BelongsTo(epoch_) && page_.ends_process();
}

CallProgress WorkerCalls::Progress(CallId id) const {
  if (!page_.BelongsTo(epoch_)) return CallProgress::kNotStarted;
  if (page_.last_finished() >= id) return CallProgress::kFinished;
  return page_.last_read() >= id ? CallProgress::kRunning
                                 : CallProgress::kNotStarted;
}

uint64_t WorkerCalls::HandlesHeld() const {
  return page_.BelongsTo(epoch_) ? page_.handles() : 0;
}

}  // namespace envknit
