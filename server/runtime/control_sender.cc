#include "server/runtime/control_sender.h"

#include "server/frame/blocking_io.h"
#include "server/runtime/handshake.h"
#include "server/runtime/process_end.h"

namespace envknit {
namespace {

void EndUnless(const Result<void>& sent) {
  if (!sent.ok()) EndProcessGroup();
}

}  // namespace

void ControlSender::Send(const FrameHeader& header) {
  const std::lock_guard<std::mutex> lock(mu_);
  EndUnless(WriteFrame(control_fd_, header, {}));
}

void ControlSender::SendReady(uint16_t interpreter) {
  const std::lock_guard<std::mutex> lock(mu_);
  EndUnless(envknit::SendReady(control_fd_, interpreter));
}

void ControlSender::SendStartFailed(uint16_t interpreter,
                                    const Failure& failure) {
  const std::lock_guard<std::mutex> lock(mu_);
  EndUnless(envknit::SendStartFailed(control_fd_, failure, interpreter));
}

}  // namespace envknit
