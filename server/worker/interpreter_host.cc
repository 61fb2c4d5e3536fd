// The life of a host itself; interpreter_host_interpreters.cc has what happens
// in it.
#include "server/worker/interpreter_host.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/process/exit_status.h"
#include "server/worker/host_blame.h"
#include "server/worker/resident_memory.h"
#include "server/worker/start_error.h"
#include "server/worker/worker_start.h"

namespace envknit {

using State = HostedInterpreter::State;

InterpreterHost::InterpreterHost(const Interpreter& python,
                                 const Surroundings& surroundings, Ended ended)
    : python_(python),
      around_(surroundings),
      ended_callback_(std::move(ended)) {}

void InterpreterHost::OnSpawned(absl::StatusOr<ChildProcess> child,
                                ProcessDescriptors descriptors,
                                UniqueFd passing) {
  const std::shared_ptr<InterpreterHost> self = shared_from_this();
  absl::Status started = child.status();
  if (started.ok()) {
    const SubprocessWorkerOptions& options = around_.options->process;
    const int pid = child->pid();
    handshake_.emplace(ProcessConfiguration(python_, options), pid);
    passing_ = std::move(passing);
    process_ = std::make_unique<WorkerProcess>(
        *std::move(child), std::move(descriptors),
        options.output({absl::StrCat("interpreters of ", python_.path), pid}),
        this, around_.loop, around_.clock);
    started = process_->Start();
  }
  if (started.ok()) return AwaitNext(around_.options->process.hello_timeout);
  GiveUp([&started](const HostedInterpreter& interpreter) {
    return SpawnError(*interpreter.spec.environment, started);
  });
  // Nobody would notice its end: it goes with this object.
  const Ended ended = std::exchange(ended_callback_, nullptr);
  if (ended) ended(this);
}

void InterpreterHost::AwaitNext(absl::Duration patience) {
  const int phase = ++phase_;
  around_.loop->RunAt(around_.clock->Now() + patience, [weak = weak_from_this(),
                                                        phase, patience] {
    const std::shared_ptr<InterpreterHost> self = weak.lock();
    if (self == nullptr || self->phase_ != phase) return;
    self->GiveUp([&](const HostedInterpreter& interpreter) {
      return StartTimedOut(*interpreter.spec.environment,
                           self->handshake_->WaitsFor(), patience,
                           self->process_->StderrTail());
    });
  });
}

void InterpreterHost::OnControlFrame(Frame frame) {
  if (frame.header.interpreter != 0) return OnInterpreterFrame(frame);
  if (!ready_ && !retired_) return OnHandshakeFrame(frame);
  process_->Condemn(
      absl::StrCat("control channel: unexpected ",
                   std::string(FrameKindName(frame.header.kind))));
}

void InterpreterHost::OnHandshakeFrame(const Frame& frame) {
  absl::StatusOr<Handshake::Step> step = handshake_->OnFrame(frame);
  if (!step.ok()) {
    return GiveUp([&step](const HostedInterpreter&) { return step.status(); });
  }
  if (*step == Handshake::Step::kConfigure) {
    SendControl(FrameKind::kConfigure, 0, handshake_->ConfigurePayload());
    return AwaitNext(around_.options->process.ready_timeout);
  }
  ++phase_;
  ready_ = true;
  around_.logger->Info("interpreter host started",
                       {{"interpreter", python_.path},
                        {"pid", process_->pid()},
                        {"python", handshake_->python()}});
  // SendOpen may end the host, and with it the map.
  const std::map<uint16_t, HostedPtr> waiting = interpreters_;
  for (const auto& [number, interpreter] : waiting) {
    if (interpreter->state == State::kWaiting) SendOpen(interpreter);
  }
  EndIfUnused();
}

void InterpreterHost::GiveUp(
    const std::function<absl::Status(const HostedInterpreter&)>& why) {
  ++phase_;
  retired_ = true;
  const std::map<uint16_t, HostedPtr> waiting =
      std::exchange(interpreters_, {});
  for (const auto& [number, interpreter] : waiting) {
    CancelTimers(*interpreter);
    Answer(*interpreter, why(*interpreter));
  }
  if (process_ != nullptr) process_->Kill();
}

bool InterpreterHost::IsWornOut() const {
  return retired_ || closed_ >= around_.options->closed_per_host ||
         next_number_ == UINT16_MAX ||
         (process_ != nullptr && ResidentBytes(process_->pid()) >
                                     around_.options->resident_bytes_per_host);
}

bool InterpreterHost::IsBeingKilled() const {
  return std::any_of(
      interpreters_.begin(), interpreters_.end(),
      [](const auto& numbered) { return numbered.second->blamed(); });
}

bool InterpreterHost::TakesMore() const {
  return static_cast<int>(interpreters_.size()) <
             around_.options->interpreters_per_host &&
         !IsWornOut() && !IsBeingKilled();
}

void InterpreterHost::EndIfUnused() {
  if (!interpreters_.empty() || !ready_) return;
  if (IsWornOut()) return StopProcess();
  if (idle_timer_ != 0) return;
  idle_timer_ = around_.loop->RunAt(
      around_.clock->Now() + around_.options->idle_timeout,
      [weak = weak_from_this()] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self == nullptr) return;
        self->idle_timer_ = 0;
        if (self->interpreters_.empty()) self->StopProcess();
      });
}

void InterpreterHost::StopProcess() {
  retired_ = true;
  SendControl(FrameKind::kStop, 0);
  around_.loop->RunAt(
      around_.clock->Now() + around_.options->process.stop_timeout,
      [weak = weak_from_this()] {
        const std::shared_ptr<InterpreterHost> self = weak.lock();
        if (self != nullptr) self->process_->Kill();
      });
}

void InterpreterHost::Abandon() {
  retired_ = true;
  ended_callback_ = nullptr;
  for (const auto& [number, interpreter] : interpreters_) {
    CancelTimers(*interpreter);
    interpreter->started = nullptr;
    if (interpreter->calls != nullptr) interpreter->calls->TakeListener();
  }
  if (process_ != nullptr) process_->Kill();
}

void InterpreterHost::OnCondemned() {
  for (const auto& [number, interpreter] : interpreters_) {
    if (interpreter->calls != nullptr) interpreter->calls->StopReading();
  }
}

void InterpreterHost::OnLastWords() {
  // A reply may make the pool do something here.
  const std::map<uint16_t, HostedPtr> interpreters = interpreters_;
  for (const auto& [number, interpreter] : interpreters) {
    if (interpreter->calls != nullptr) interpreter->calls->Drain();
  }
}

void InterpreterHost::OnProcessExit(WorkerExit exit) {
  const std::shared_ptr<InterpreterHost> self = shared_from_this();
  ++phase_;
  retired_ = true;
  if (idle_timer_ != 0) around_.loop->Cancel(std::exchange(idle_timer_, 0));
  LogExit(exit);
  const std::map<uint16_t, HostedPtr> interpreters =
      std::exchange(interpreters_, {});
  std::vector<InterpreterAtDeath> states;
  for (const auto& [number, interpreter] : interpreters) {
    InterpreterAtDeath& state = states.emplace_back();
    state.killed_for = interpreter->blamed();
    if (interpreter->calls == nullptr) continue;
    state.ends_process = interpreter->calls->SaysItEndsProcess();
    state.running = interpreter->calls->HasOpenCalls();
  }
  const std::vector<bool> collateral = JudgeCollateral(states, culprit_left_);
  std::size_t at = 0;
  for (const auto& [number, interpreter] : interpreters) {
    WorkerExit its_exit = exit;
    its_exit.collateral = collateral[at++];
    if (interpreter->protocol_error.has_value()) {
      its_exit.protocol_error = interpreter->protocol_error;
    }
    if (its_exit.collateral) {
      its_exit.protocol_error.reset();
      // What the others printed is not for this one's client.
      its_exit.stderr_tail.clear();
      its_exit.stack.clear();
    }
    CancelTimers(*interpreter);
    interpreter->Leave();
    WorkerListener* const listener = interpreter->calls == nullptr
                                         ? nullptr
                                         : interpreter->calls->TakeListener();
    if (interpreter->state == State::kLive ||
        interpreter->state == State::kClosing) {
      if (listener != nullptr) listener->OnExit(std::move(its_exit));
    } else {
      Answer(*interpreter,
             ExitedWhileStarting(*interpreter->spec.environment, its_exit));
    }
  }
  const Ended ended = std::exchange(ended_callback_, nullptr);
  if (ended) ended(this);
}

void InterpreterHost::LogExit(const WorkerExit& exit) const {
  std::string how = DescribeExit({exit.exit_code, exit.signal});
  if (exit.protocol_error.has_value()) {
    absl::StrAppend(&how,
                    ", it broke the frame contract: ", *exit.protocol_error);
  }
  around_.logger->Info(
      "interpreter host ended",
      {{"interpreter", python_.path},
       {"pid", process_->pid()},
       {"how", how},
       {"interpreters", static_cast<int64_t>(interpreters_.size())},
       {"closed", closed_}});
}

}  // namespace envknit
