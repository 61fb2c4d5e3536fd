// Chunks of a transfer, several of them under way at once.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_CHUNK_PIPELINE_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_CHUNK_PIPELINE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "python_client/native/session.h"

namespace envknit::native {

// The requests of one Fetch or Put after its first, answered in their order: a
// round trip between two chunks would cost more than the chunk. Lives on the
// caller's stack; what isn't answered at its end is cancelled. Needs no GIL.
class Session::ChunkPipeline final {
 public:
  // The session is borrowed.
  ChunkPipeline(Session* session, AttachMethod method, double timeout_seconds,
                double slack_seconds);
  ~ChunkPipeline();
  ChunkPipeline(const ChunkPipeline&) = delete;
  ChunkPipeline& operator=(const ChunkPipeline&) = delete;

  bool is_full() const;
  void Send(std::string body);
  // Waits for the oldest request, which then is the caller's.
  WaitEnd Await(std::unique_ptr<PendingCall>* oldest);

 private:
  Session* const session_;
  const AttachMethod method_;
  const double timeout_seconds_;
  const double slack_seconds_;
  std::deque<std::unique_ptr<PendingCall>> under_way_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_CHUNK_PIPELINE_H_
