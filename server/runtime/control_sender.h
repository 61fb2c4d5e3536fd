#ifndef ENVKNIT_SERVER_RUNTIME_CONTROL_SENDER_H_
#define ENVKNIT_SERVER_RUNTIME_CONTROL_SENDER_H_

#include <cstdint>
#include <mutex>

#include "server/frame/frame_header.h"
#include "server/runtime/failure.h"

namespace envknit {

// Writes to the control channel of an interpreter host, for its threads. What
// can't be written ends the process: the daemon is gone. Thread-safe.
class ControlSender final {
 public:
  explicit ControlSender(int control_fd) : control_fd_(control_fd) {}
  ControlSender(const ControlSender&) = delete;
  ControlSender& operator=(const ControlSender&) = delete;

  void Send(const FrameHeader& header);
  void SendReady(uint16_t interpreter);
  void SendStartFailed(uint16_t interpreter, const Failure& failure);

 private:
  const int control_fd_;
  std::mutex mu_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CONTROL_SENDER_H_
