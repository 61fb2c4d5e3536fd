#ifndef ENVKNIT_SERVER_RUNTIME_DESCRIPTOR_CHANNEL_H_
#define ENVKNIT_SERVER_RUNTIME_DESCRIPTOR_CHANNEL_H_

#include <cstdint>

#include "server/frame/result.h"

namespace envknit {

// What a packet of the descriptor channel of an interpreter host brings. Owns
// the descriptors, which are close-on-exec. Move-only.
struct InterpreterFiles final {
  InterpreterFiles() = default;
  InterpreterFiles(InterpreterFiles&& other) noexcept;
  InterpreterFiles& operator=(InterpreterFiles&&) = delete;
  ~InterpreterFiles();

  uint16_t interpreter = 0;
  int call_fd = -1;
  int status_fd = -1;
};

// The packet that waits in the channel; doesn't block. Error
// (kInvalidArgument): there is none, or it isn't a number and two descriptors.
Result<InterpreterFiles> ReceiveInterpreterFiles(int descriptor_fd);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_DESCRIPTOR_CHANNEL_H_
