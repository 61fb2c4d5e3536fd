#include "server/runtime/interpreter_host.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "server/frame/blocking_io.h"
#include "server/frame/status_page.h"
#include "server/runtime/descriptor_channel.h"
#include "server/runtime/handshake.h"
#include "server/runtime/process_end.h"
#include "server/runtime/process_start.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxLive = 8;

}  // namespace

InterpreterHost::InterpreterHost(int control_fd, int descriptor_fd,
                                 FrameReader& reader, WorkerSettings settings)
    : control_fd_(control_fd),
      descriptor_fd_(descriptor_fd),
      reader_(reader),
      settings_(std::move(settings)),
      control_(control_fd) {}

void InterpreterHost::Serve() {
  control_.SendReady(0);
  while (true) {
    const Result<std::optional<Frame>> read = ReadFrame(control_fd_, reader_);
    if (!read.ok() || !read->has_value()) EndProcessGroup();
    Handle((*read)->header, (*read)->payload);
  }
}

void InterpreterHost::Handle(const FrameHeader& header,
                             const std::string& payload) {
  switch (header.kind) {
    case FrameKind::kPing: {
      FrameHeader pong;
      pong.kind = FrameKind::kPong;
      pong.carrier = header.carrier;
      pong.call_id = header.call_id;
      pong.interpreter = header.interpreter;
      control_.Send(pong);
      break;
    }
    case FrameKind::kOpenInterpreter:
      Open(header.interpreter, payload);
      break;
    case FrameKind::kCancel:
      if (const auto interpreter = Find(header.interpreter)) {
        interpreter->Cancel({header.carrier, header.call_id});
      }
      break;
    case FrameKind::kCloseInterpreter:
      if (const auto interpreter = Find(header.interpreter)) {
        interpreter->Close();
      }
      break;
    case FrameKind::kStop:
      ::_exit(0);
    default:
      // Not a frame for this channel: the contract is broken.
      EndProcessGroup();
  }
}

void InterpreterHost::Open(uint16_t number, const std::string& payload) {
  Result<InterpreterFiles> files = ReceiveInterpreterFiles(descriptor_fd_);
  Result<WorkerSettings> settings = ParseConfigure(payload, settings_);
  if (!files.ok() || !settings.ok() || number == 0 ||
      files->interpreter != number || given_.test(number)) {
    EndProcessGroup();
  }
  given_.set(number);
  Result<StatusPageMapping> page = StatusPageMapping::Map(
      files->status_fd, StatusPageMapping::Access::kReadWrite);
  if (!page.ok()) {
    control_.SendStartFailed(number, StartFailure(page.error().message));
    return;
  }
  const auto interpreter = std::make_shared<Interpreter>(
      std::move(*files), std::move(*page), std::move(*settings), control_,
      [this, number] { Forget(number); });
  {
    const std::lock_guard<std::mutex> lock(mu_);
    if (live_.size() == kMaxLive) EndProcessGroup();
    live_.emplace(number, interpreter);
  }
  if (Interpreter::Start(interpreter)) return;
  Forget(number);
  control_.SendStartFailed(number, StartFailure("no thread can be started"));
}

std::shared_ptr<Interpreter> InterpreterHost::Find(uint16_t number) {
  if (!given_.test(number)) EndProcessGroup();
  const std::lock_guard<std::mutex> lock(mu_);
  const auto found = live_.find(number);
  return found == live_.end() ? nullptr : found->second;
}

void InterpreterHost::Forget(uint16_t number) {
  const std::lock_guard<std::mutex> lock(mu_);
  live_.erase(number);
}

}  // namespace envknit
