#ifndef ENVKNIT_SERVER_RPC_ATTACH_SINK_H_
#define ENVKNIT_SERVER_RPC_ATTACH_SINK_H_

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"

namespace envknit {

// The sending half of an Attach stream as the one who handles its requests sees
// it. Thread-safe; no method blocks.
class AttachSink {
 public:
  virtual ~AttachSink() = default;

  // Sends a message after those sent before. False when the stream has ended,
  // so that nobody will read it.
  virtual bool Send(grpc::ByteBuffer message) = 0;

  // The request that was handed over has been dealt with: the next may come.
  virtual void ReadNext() = 0;

  // Ends the stream with `status` when what was sent is out. The first call
  // counts.
  virtual void Complete(const absl::Status& status) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ATTACH_SINK_H_
