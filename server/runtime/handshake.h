#ifndef ENVKNIT_SERVER_RUNTIME_HANDSHAKE_H_
#define ENVKNIT_SERVER_RUNTIME_HANDSHAKE_H_

#include <string>
#include <string_view>

#include "server/frame/frame_reader.h"
#include "server/frame/result.h"
#include "server/runtime/failure.h"
#include "server/runtime/worker_settings.h"

namespace envknit {

// The worker's side of the start, on the control channel. Each call blocks.

// Sends HELLO and waits for CONFIGURE. Error: the daemon is gone or broke the
// contract.
Result<WorkerSettings> ExchangeHello(int control_fd, FrameReader& reader,
                                     std::string_view python,
                                     std::string_view soabi);

Result<void> SendReady(int control_fd);

// Instead of READY; the worker exits afterwards.
Result<void> SendStartFailed(int control_fd, const Failure& failure);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_HANDSHAKE_H_
