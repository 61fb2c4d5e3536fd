#include "server/worker/running_worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/frame/frame_header.h"
#include "server/process/exit_status.h"
#include "server/worker/start_error.h"
#include "server/worker/worker_start.h"

namespace envknit {
RunningWorker::RunningWorker(const WorkerSpec& spec, WorkerListener* listener,
                             const Surroundings& surroundings,
                             ChildProcess child, WorkerDescriptors descriptors)
    : spec_(spec),
      around_(surroundings),
      handshake_(WorkerConfiguration(spec, *surroundings.options), child.pid()),
      calls_(std::make_shared<WorkerCalls>(
          spec.epoch, listener,
          WorkerCalls::Connection{
              std::move(descriptors.calls.call),
              std::move(descriptors.calls.page),
              surroundings.options->limits.message_bytes + kFrameSlackBytes},
          surroundings.loop, surroundings.clock)),
      process_(
          std::move(child), std::move(descriptors.process),
          surroundings.options->output({spec.environment->name, child.pid()}),
          this, surroundings.loop, surroundings.clock) {
  info_.epoch = spec.epoch;
  info_.pid = process_.pid();
}

void RunningWorker::Start(Started started, Ended ended) {
  started_ = std::move(started);
  ended_callback_ = std::move(ended);
  absl::Status watched = process_.Start();
  if (watched.ok()) {
    watched = calls_->Start(
        {[this](const std::string& how) { process_.Condemn(how); },
         [this] { process_.ChannelClosed("call"); }});
  }
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
  calls_->Open();
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

void RunningWorker::OnProcessExit(WorkerExit exit) {
  const std::shared_ptr<RunningWorker> self = shared_from_this();
  WorkerListener* const listener = calls_->TakeListener();
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
  calls_->Abandon();
  process_.Kill();
}

void RunningWorker::Cancel(CallId id) {
  if (!calls_->MarkCancelled(id)) return;
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

}  // namespace envknit
