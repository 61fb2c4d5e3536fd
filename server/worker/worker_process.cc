#include "server/worker/worker_process.h"

#include <sys/epoll.h>

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/frame/worker_signals.h"

namespace envknit {
namespace {

// Control frames are small, and few.
constexpr std::size_t kMaxControlPayload = 64 * 1024;
constexpr std::size_t kMaxQueuedControl = 64;

}  // namespace

WorkerProcess::WorkerProcess(ChildProcess child, ProcessDescriptors descriptors,
                             std::unique_ptr<WorkerOutput> output,
                             WorkerEvents* events, EventLoop* loop,
                             const Clock* clock)
    : events_(events),
      loop_(loop),
      clock_(clock),
      pid_(child.pid()),
      pidfd_(child.pidfd()),
      output_(std::move(output)),
      child_(std::move(child)),
      control_(
          std::move(descriptors.control), loop,
          {.max_payload = kMaxControlPayload, .max_queued = kMaxQueuedControl}),
      stdout_(std::move(descriptors.standard_output), loop, clock,
              [this](absl::string_view line) {
                output_->OnLine(OutputStream::kStdout, line);
              }),
      stderr_(std::move(descriptors.standard_error), loop, clock,
              [this](absl::string_view line) { OnStderrLine(line); }) {}

WorkerProcess::~WorkerProcess() {
  loop_->Unwatch(pidfd_);
  if (end_timer_ != 0) loop_->Cancel(end_timer_);
}

absl::Status WorkerProcess::Start() {
  absl::Status status = stdout_.Start();
  if (status.ok()) status = stderr_.Start();
  if (status.ok()) {
    status = control_.Start(
        [this](Frame frame) { events_->OnControlFrame(std::move(frame)); },
        [this](const absl::Status& why) {
          if (absl::IsInvalidArgument(why)) {
            Condemn(absl::StrCat("control channel: ", why.message()));
          } else {
            ChannelClosed("control");
          }
        });
  }
  if (status.ok()) {
    status = loop_->Watch(pidfd_, EPOLLIN, [this](uint32_t) { OnPidfd(); });
  }
  return status;
}

absl::Status WorkerProcess::SendControl(FrameHeader header,
                                        std::string payload) {
  return control_.Send(header, std::move(payload));
}

void WorkerProcess::Kill() {
  absl::MutexLock lock(&child_mu_);
  child_.KillGroup();
}

void WorkerProcess::DumpStack() {
  // Counted first: the answer may be read before this returns.
  stacks_requested_.fetch_add(1);
  absl::MutexLock lock(&child_mu_);
  child_.Signal(StackDumpSignal());
}

void WorkerProcess::OnStderrLine(absl::string_view line) {
  const int requested = stacks_requested_.load();
  if (std::exchange(stacks_expected_, requested) != requested) {
    stderr_record_.ExpectStack();
  }
  stderr_record_.AddLine(line);
  output_->OnLine(OutputStream::kStderr, line);
}

void WorkerProcess::Condemn(absl::string_view why) {
  if (!protocol_error_.has_value()) protocol_error_ = std::string(why);
  control_.StopReading();
  events_->OnCondemned();
  Kill();
}

void WorkerProcess::ChannelClosed(absl::string_view channel) {
  if (end_timer_ != 0) return;
  end_timer_ = loop_->RunAt(
      clock_->Now() + kExitAfterClose, [this, name = std::string(channel)] {
        Condemn(absl::StrCat("it closed its ", name, " channel"));
      });
}

void WorkerProcess::OnPidfd() {
  absl::optional<ExitStatus> status;
  {
    absl::MutexLock lock(&child_mu_);
    status = child_.TryReap();
  }
  if (!status.has_value()) return;
  loop_->Unwatch(pidfd_);
  if (end_timer_ != 0) loop_->Cancel(std::exchange(end_timer_, 0));
  stdout_.Finish();
  stderr_.Finish();
  control_.ReadWhatIsThere();
  events_->OnLastWords();
  control_.StopReading();
  // Set again by a channel that ended just now.
  if (end_timer_ != 0) loop_->Cancel(std::exchange(end_timer_, 0));
  WorkerExit exit;
  exit.exit_code = status->code;
  exit.signal = status->signal;
  exit.stderr_tail = stderr_record_.Tail();
  exit.stack = stderr_record_.Stack();
  exit.protocol_error = protocol_error_;
  events_->OnProcessExit(std::move(exit));
}

}  // namespace envknit
