#include "server/worker/running_worker.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"
#include "server/frame/frame_header.h"
#include "server/process/exit_status.h"
#include "server/worker/start_error.h"

namespace envknit {
namespace {

static_assert(static_cast<int>(CallKind::kImport) ==
                  static_cast<int>(FrameKind::kImport) &&
              static_cast<int>(CallKind::kEndSession) ==
                  static_cast<int>(FrameKind::kEndSession));

ConfigureMessage MakeConfigure(const WorkerSpec& spec,
                               const SubprocessWorkerOptions& options) {
  const Environment& environment = *spec.environment;
  ConfigureMessage configure;
  configure.epoch = spec.epoch;
  configure.install_paths = environment.install_paths;
  const std::string& runtime = environment.interpreter.runtime_path;
  configure.runtime_dir = runtime.substr(0, runtime.rfind('/'));
  configure.limits = options.limits;
  configure.environment = environment.name;
  configure.instance = options.instance;
  return configure;
}

}  // namespace

RunningWorker::RunningWorker(const WorkerSpec& spec, WorkerListener* listener,
                             const Surroundings& surroundings,
                             ChildProcess child, WorkerDescriptors descriptors)
    : spec_(spec),
      around_(surroundings),
      handshake_(MakeConfigure(spec, *surroundings.options), child.pid()),
      listener_(listener),
      process_(
          std::move(child), std::move(descriptors),
          surroundings.options->output({spec.environment->name, child.pid()}),
          surroundings.options->limits.message_bytes + kFrameSlackBytes, this,
          surroundings.loop, surroundings.clock) {
  info_.epoch = spec.epoch;
  info_.pid = process_.pid();
}

void RunningWorker::Start(Started started, Ended ended) {
  started_ = std::move(started);
  ended_callback_ = std::move(ended);
  const absl::Status watched = process_.Start();
  if (!watched.ok()) {
    FinishStart(SpawnError(*spec_.environment, watched));
    // Nobody would notice its end: it goes with this object.
    const Ended end = std::exchange(ended_callback_, nullptr);
    end();
    return;
  }
  AwaitNext(around_.options->hello_timeout);
}

void RunningWorker::AwaitNext(absl::Duration patience) {
  const absl::Time begun = around_.clock->Now();
  const int phase = ++phase_;
  around_.loop->RunAt(
      std::min(begun + patience, spec_.start_deadline),
      [weak = weak_from_this(), phase, begun] {
        const std::shared_ptr<RunningWorker> self = weak.lock();
        if (self == nullptr || self->phase_ != phase) return;
        self->FinishStart(StartTimedOut(
            *self->spec_.environment, self->handshake_.WaitsFor(),
            self->around_.clock->Now() - begun, self->process_.StderrTail()));
      });
}

void RunningWorker::OnControlFrame(Frame frame) {
  if (!started_) {
    // A worker that runs has nothing to say here. One that failed to start is
    // killed already.
    process_.Condemn(
        absl::StrCat("control channel: unexpected ",
                     std::string(FrameKindName(frame.header.kind))));
    return;
  }
  absl::StatusOr<Handshake::Step> step = handshake_.OnFrame(frame);
  if (!step.ok()) {
    FinishStart(std::move(step).status());
  } else if (*step == Handshake::Step::kReady) {
    BecomeReady();
  } else {
    FrameHeader header;
    header.kind = FrameKind::kConfigure;
    // If it fails, the worker is gone, and its exit says more.
    process_.SendControl(header, handshake_.ConfigurePayload()).IgnoreError();
    AwaitNext(around_.options->ready_timeout);
  }
}

void RunningWorker::BecomeReady() {
  info_.python = handshake_.python();
  info_.started = around_.clock->Now();
  ready_ = true;
  around_.logger->Info("worker started",
                       {{"environment", spec_.environment->name},
                        {"pid", info_.pid},
                        {"python", info_.python}});
  FinishStart(absl::OkStatus());
}

void RunningWorker::FinishStart(absl::Status status) {
  ++phase_;
  if (!status.ok()) process_.Kill();
  const Started started = std::exchange(started_, nullptr);
  if (started) started(std::move(status));
}

void RunningWorker::OnCallFrame(Frame frame) {
  if (started_) {
    process_.Condemn("call channel: a frame before READY");
    return;
  }
  absl::StatusOr<WorkerReply> reply;
  {
    absl::MutexLock lock(&mu_);
    reply = ledger_.Take(std::move(frame));
  }
  if (reply.ok()) {
    Deliver(*std::move(reply));
  } else {
    process_.Condemn(absl::StrCat("call channel: ", reply.status().message()));
  }
}

void RunningWorker::Deliver(WorkerReply reply) {
  WorkerListener* listener;
  {
    absl::MutexLock lock(&mu_);
    listener = exited_ ? nullptr : listener_;
  }
  if (listener != nullptr) listener->OnReply(std::move(reply));
}

void RunningWorker::OnProcessExit(WorkerExit exit) {
  const std::shared_ptr<RunningWorker> self = shared_from_this();
  WorkerListener* listener;
  {
    absl::MutexLock lock(&mu_);
    exited_ = true;
    listener = std::exchange(listener_, nullptr);
  }
  LogExit(exit);
  if (started_) {
    FinishStart(ExitedWhileStarting(*spec_.environment, exit));
  } else if (ready_ && listener != nullptr) {
    listener->OnExit(std::move(exit));
  }
  const Ended ended = std::exchange(ended_callback_, nullptr);
  if (ended) ended();
}

void RunningWorker::LogExit(const WorkerExit& exit) {
  if (exit.protocol_error.has_value()) {
    around_.logger->Warning("worker killed: it broke the frame contract",
                            {{"environment", spec_.environment->name},
                             {"pid", info_.pid},
                             {"error", *exit.protocol_error}});
    return;
  }
  around_.logger->Info("worker ended",
                       {{"environment", spec_.environment->name},
                        {"pid", info_.pid},
                        {"how", DescribeExit({exit.exit_code, exit.signal})}});
}

void RunningWorker::Abandon() {
  {
    absl::MutexLock lock(&mu_);
    listener_ = nullptr;
  }
  process_.Kill();
}

uint64_t RunningWorker::MonotonicDeadline(absl::Time deadline) const {
  if (deadline == absl::InfiniteFuture()) return 0;
  struct timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const absl::Duration at =
      absl::DurationFromTimespec(now) + (deadline - around_.clock->Now());
  // 0 would mean none.
  return static_cast<uint64_t>(
      std::max<int64_t>(absl::ToInt64Nanoseconds(at), 1));
}

void RunningWorker::Submit(WorkerCall call) {
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
      sent = process_.SendCall(header, std::move(call.body));
      // After UNAVAILABLE the exit follows, which answers for the call.
      if (absl::IsResourceExhausted(sent)) ledger_.RemoveLast();
    } else {
      sent = absl::ResourceExhaustedError("call ids must increase");
    }
  }
  if (absl::IsResourceExhausted(sent)) Refuse(call.id, sent);
}

void RunningWorker::Refuse(CallId id, const absl::Status& why) {
  WorkerReply reply;
  reply.id = id;
  reply.status = MakeError(
      ErrorReason::kWorkerUnavailable,
      absl::StrCat("the call was not sent to the worker: ", why.message()),
      {{"pid", absl::StrCat(info_.pid)}});
  // Never from inside Submit.
  around_.loop->Post(
      [self = shared_from_this(), reply = std::move(reply)]() mutable {
        self->Deliver(std::move(reply));
      });
}

void RunningWorker::Cancel(CallId id) {
  {
    absl::MutexLock lock(&mu_);
    if (exited_ || !ledger_.MarkCancelled(id)) return;
  }
  FrameHeader header;
  header.kind = FrameKind::kCancel;
  header.call_id = id;
  // One that can't be told is one that Kill is for.
  process_.SendControl(header).IgnoreError();
}

void RunningWorker::Stop() {
  FrameHeader header;
  header.kind = FrameKind::kStop;
  if (!process_.SendControl(header).ok()) {
    process_.Kill();
    return;
  }
  around_.loop->RunAt(around_.clock->Now() + around_.options->stop_timeout,
                      [weak = weak_from_this()] {
                        const std::shared_ptr<RunningWorker> self = weak.lock();
                        if (self != nullptr) self->Kill();
                      });
}

CallProgress RunningWorker::Progress(CallId id) const {
  const StatusPageReader& page = process_.page();
  if (!page.BelongsTo(spec_.epoch)) return CallProgress::kNotStarted;
  if (page.last_finished() >= id) return CallProgress::kFinished;
  return page.last_read() >= id ? CallProgress::kRunning
                                : CallProgress::kNotStarted;
}

uint64_t RunningWorker::HandlesHeld() const {
  const StatusPageReader& page = process_.page();
  return page.BelongsTo(spec_.epoch) ? page.handles() : 0;
}

}  // namespace envknit
