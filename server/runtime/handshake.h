#ifndef ENVKNIT_SERVER_RUNTIME_HANDSHAKE_H_
#define ENVKNIT_SERVER_RUNTIME_HANDSHAKE_H_

#include <cstdint>
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

// What a CONFIGURE or OPEN_INTERPRETER carries; `settings` is what holds where
// it says nothing. Error (kInvalidArgument): not a valid message.
Result<WorkerSettings> ParseConfigure(std::string_view payload,
                                      WorkerSettings settings);

// `interpreter` as in the frame's header.
Result<void> SendReady(int control_fd, uint16_t interpreter = 0);

// Instead of READY; the worker exits afterwards, a host doesn't for one of its
// interpreters.
Result<void> SendStartFailed(int control_fd, const Failure& failure,
                             uint16_t interpreter = 0);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_HANDSHAKE_H_
