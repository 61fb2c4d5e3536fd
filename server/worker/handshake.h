#ifndef ENVKNIT_SERVER_WORKER_HANDSHAKE_H_
#define ENVKNIT_SERVER_WORKER_HANDSHAKE_H_

#include <string>

#include "absl/status/statusor.h"

#include "server/frame/frame_header.h"
#include "server/worker/control_messages.h"

namespace envknit {

// The conversation that makes an interpreter a worker: HELLO, CONFIGURE, then
// READY or START_FAILED. Pure; not thread safe.
class Handshake final {
 public:
  enum class Step {
    // HELLO came: send the CONFIGURE of ConfigurePayload().
    kConfigure,
    // READY came: it is a worker.
    kReady,
  };

  // `configure` is what to tell the worker; `pid` is what it must say it is.
  Handshake(ConfigureMessage configure, int pid);

  // What the next frame on the control channel means. Errors, with reason and
  // metadata:
  // - what the worker reported with START_FAILED;
  // - RUNTIME_NOT_AVAILABLE: it speaks another version of the contract;
  // - WORKER_UNAVAILABLE: the frame has no place here.
  absl::StatusOr<Step> OnFrame(const Frame& frame);

  std::string ConfigurePayload() const {
    return SerializeConfigure(configure_);
  }

  // Name of the frame that is waited for.
  const char* WaitsFor() const { return hello_seen_ ? "READY" : "HELLO"; }

  // From HELLO: "3.11.7".
  const std::string& python() const { return python_; }

 private:
  absl::StatusOr<Step> OnHello(const Frame& frame);

  // Constant after construction.
  const ConfigureMessage configure_;
  const int pid_;

  bool hello_seen_ = false;
  std::string python_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_HANDSHAKE_H_
