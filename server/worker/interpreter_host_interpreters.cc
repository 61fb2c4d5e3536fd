// What happens in a host: interpreters are opened, live, and are closed.
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/worker/interpreter_host.h"
#include "server/worker/interpreter_worker.h"
#include "server/worker/start_error.h"
#include "server/worker/worker_start.h"

namespace envknit {

using State = HostedInterpreter::State;

void InterpreterHost::Open(WorkerSpec spec, WorkerListener* listener,
                           WorkerFactory::Started started) {
  if (idle_timer_ != 0) around_.loop->Cancel(std::exchange(idle_timer_, 0));
  const uint16_t number = next_number_++;
  auto interpreter = std::make_shared<HostedInterpreter>(
      number, std::move(spec), listener, std::move(started));
  interpreters_.emplace(number, interpreter);
  interpreter->timer = around_.loop->RunAt(
      interpreter->spec.start_deadline, [weak = weak_from_this(), interpreter] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self != nullptr) self->OnStartDeadline(*interpreter);
      });
  if (ready_) SendOpen(interpreter);
}

void InterpreterHost::SendOpen(const HostedPtr& interpreter) {
  const SubprocessWorkerOptions& options = around_.options->process;
  const WorkerSpec& spec = interpreter->spec;
  absl::StatusOr<InterpreterDescriptors> made = MakeInterpreterDescriptors();
  absl::Status watched = made.status();
  if (made.ok()) {
    interpreter->calls = std::make_shared<WorkerCalls>(
        spec.epoch, interpreter->listener,
        WorkerCalls::Connection{
            std::move(made->calls.call), std::move(made->calls.page),
            options.limits.message_bytes + kFrameSlackBytes},
        around_.loop, around_.clock);
    HostedInterpreter* const raw = interpreter.get();
    watched = interpreter->calls->Start(
        {[this, raw](const std::string& how) {
           raw->protocol_error = how;
           raw->Blame([this, &how] { process_->Condemn(how); });
         },
         [this, number = raw->number] { OnCallChannelClosed(number); }});
  }
  if (!watched.ok()) {
    Answer(*interpreter, SpawnError(*spec.environment, watched));
    return Forget(interpreter);
  }
  interpreter->state = State::kOpening;
  interpreter->opened = around_.clock->Now();
  interpreter->open_timer = around_.loop->RunAt(
      interpreter->opened + options.ready_timeout,
      [weak = weak_from_this(), interpreter] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self == nullptr || interpreter->state != State::kOpening) return;
        interpreter->Blame([&self] {
          self->process_->Condemn("it did not answer OPEN_INTERPRETER");
        });
      });
  const absl::Status passed = PassDescriptors(
      passing_, interpreter->number, made->call_for_host, made->page_for_host);
  // Mostly it is gone, and its exit says more.
  if (!passed.ok()) return process_->Kill();
  SendControl(FrameKind::kOpenInterpreter, interpreter->number,
              SerializeConfigure(WorkerConfiguration(spec, options)));
}

void InterpreterHost::OnInterpreterFrame(const Frame& frame) {
  const FrameHeader& header = frame.header;
  const auto found = interpreters_.find(header.interpreter);
  const State state =
      found == interpreters_.end() ? State::kWaiting : found->second->state;
  if (state == State::kOpening && header.kind == FrameKind::kReady) {
    return BecomeLive(found->second);
  }
  if (state == State::kOpening && header.kind == FrameKind::kStartFailed) {
    // What was made of it until then weighs as much as a closed one.
    ++closed_;
    const HostedPtr interpreter = found->second;
    Answer(*interpreter, ParseFailure(frame.payload));
    Forget(interpreter);
    return;
  }
  if (state == State::kClosing &&
      header.kind == FrameKind::kInterpreterClosed) {
    return OnClosed(found->second, header.has_flag(kFrameRetire));
  }
  process_->Condemn(absl::StrCat("control channel: unexpected ",
                                 std::string(FrameKindName(header.kind)),
                                 " of interpreter ", header.interpreter));
}

void InterpreterHost::OnCallChannelClosed(uint16_t number) {
  // One that is being closed does this, and all do when the host dies.
  around_.loop->RunAt(
      around_.clock->Now() + kExitAfterClose,
      [weak = weak_from_this(), number] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self == nullptr) return;
        const auto found = self->interpreters_.find(number);
        if (found == self->interpreters_.end() ||
            found->second->state == State::kClosing) {
          return;
        }
        HostedInterpreter& interpreter = *found->second;
        interpreter.protocol_error = "it closed its call channel";
        interpreter.Blame(
            [&] { self->process_->Condemn(*interpreter.protocol_error); });
      });
}

void InterpreterHost::BecomeLive(const HostedPtr& interpreter) {
  CancelTimers(*interpreter);
  interpreter->state = State::kLive;
  interpreter->info.pid = process_->pid();
  interpreter->info.python = handshake_->python();
  interpreter->info.started = around_.clock->Now();
  interpreter->calls->Open();
  // Its start was given up meanwhile.
  if (!interpreter->started) return Close(*interpreter);
  around_.logger->Info("interpreter started",
                       {{"environment", interpreter->spec.environment->name},
                        {"pid", process_->pid()},
                        {"interpreter", interpreter->number}});
  Answer(*interpreter,
         std::make_unique<InterpreterWorker>(shared_from_this(), interpreter));
}

void InterpreterHost::OnStartDeadline(HostedInterpreter& interpreter) {
  interpreter.timer = 0;
  if (!interpreter.started) return;
  const absl::Time since = interpreter.state == State::kOpening
                               ? interpreter.opened
                               : around_.clock->Now();
  const char* const frame = interpreter.state == State::kOpening ? "READY"
                            : handshake_.has_value() ? handshake_->WaitsFor()
                                                     : "HELLO";
  Answer(interpreter,
         StartTimedOut(*interpreter.spec.environment, frame,
                       around_.clock->Now() - since,
                       process_ == nullptr ? "" : process_->StderrTail()));
  // One that is being made is closed when it is there: whoever sets a short
  // deadline must not take the host from others.
  if (interpreter.state != State::kWaiting) return interpreter.calls->Abandon();
  const auto found = interpreters_.find(interpreter.number);
  if (found == interpreters_.end()) return;
  const HostedPtr waiting = found->second;
  Forget(waiting);
}

void InterpreterHost::Close(HostedInterpreter& interpreter) {
  if (interpreter.state != State::kLive) return;
  if (interpreters_.count(interpreter.number) == 0) return;
  interpreter.state = State::kClosing;
  interpreter.calls->MarkAllCancelled();
  SendControl(FrameKind::kCloseInterpreter, interpreter.number);
  interpreter.timer = around_.loop->RunAt(
      around_.clock->Now() + around_.options->close_timeout,
      [weak = weak_from_this(), number = interpreter.number] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self == nullptr) return;
        const auto found = self->interpreters_.find(number);
        if (found == self->interpreters_.end()) return;
        found->second->timer = 0;
        self->KillFor(*found->second);
      });
}

void InterpreterHost::OnClosed(const HostedPtr& interpreter, bool retire) {
  ++closed_;
  if (retire) retired_ = true;
  interpreter->calls->Drain();
  interpreter->Leave();
  if (interpreter->blamed()) culprit_left_ = true;
  WorkerListener* const listener = interpreter->calls->TakeListener();
  around_.logger->Info("interpreter ended",
                       {{"environment", interpreter->spec.environment->name},
                        {"pid", process_->pid()},
                        {"interpreter", interpreter->number}});
  if (listener != nullptr) {
    WorkerExit exit;
    exit.exit_code = 0;
    listener->OnExit(std::move(exit));
  }
  Forget(interpreter);
}

void InterpreterHost::Forget(const HostedPtr& interpreter) {
  CancelTimers(*interpreter);
  if (interpreter->calls != nullptr) interpreter->calls->StopReading();
  interpreters_.erase(interpreter->number);
  EndIfUnused();
}

void InterpreterHost::Answer(HostedInterpreter& interpreter,
                             absl::StatusOr<std::unique_ptr<Worker>> outcome) {
  const WorkerFactory::Started started =
      std::exchange(interpreter.started, nullptr);
  if (started) started(std::move(outcome));
}

void InterpreterHost::CancelTimers(HostedInterpreter& interpreter) {
  for (Timers::Id* timer : {&interpreter.timer, &interpreter.open_timer}) {
    if (*timer != 0) around_.loop->Cancel(std::exchange(*timer, 0));
  }
}

void InterpreterHost::SendControl(FrameKind kind, uint16_t number,
                                  std::string payload) {
  FrameHeader header;
  header.kind = kind;
  header.interpreter = number;
  // If it fails, the host is gone, and its exit says more; or it reads nothing,
  // and the next deadline ends it.
  process_->SendControl(header, std::move(payload)).IgnoreError();
}

void InterpreterHost::Cancel(HostedInterpreter& interpreter, CallId id) {
  if (!interpreter.calls->MarkCancelled(id)) return;
  FrameHeader header;
  header.kind = FrameKind::kCancel;
  header.call_id = id;
  header.interpreter = interpreter.number;
  // One that can't be told is one that Kill is for.
  process_->SendControl(header).IgnoreError();
}

void InterpreterHost::KillFor(HostedInterpreter& interpreter) {
  interpreter.Blame([this] { process_->Kill(); });
}

void InterpreterHost::CloseSoon(HostedPtr interpreter) {
  // Weak: a factory that goes must find nobody else holding its hosts.
  around_.loop->Post(
      [weak = weak_from_this(), interpreter = std::move(interpreter)] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self != nullptr) self->Close(*interpreter);
      });
}

}  // namespace envknit
