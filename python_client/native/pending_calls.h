// The calls of one Attach stream that await their replies.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_PENDING_CALLS_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_PENDING_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "python_client/native/attach_stream.h"

namespace envknit::native {

// Finds the call of each reply, and hears what nobody waits for any more.
// Guarded by its stream's lock.
class PendingCalls final {
 public:
  explicit PendingCalls(ReplyHandlers handlers)
      : handlers_(std::move(handlers)) {}

  // A call that has its id and was sent.
  void Add(PendingCall* pending);

  // `bytes` are what `reply` was read from.
  void Deliver(const AttachReply& reply, ReplyBytes bytes);

  void Abandon(PendingCall* pending);

  // No reply will come any more: tells everyone.
  void Break();

  // Wakes a thread that sleeps because another one leads.
  void WakeParked();

  // How many have a sink.
  size_t sinks() const { return sinks_; }

 private:
  struct Abandoned {
    uint32_t session_number;
    AttachMethod method;
  };

  const ReplyHandlers handlers_;
  std::unordered_map<uint64_t, PendingCall*> waiting_;
  // Calls nobody waits for any more; each gets its reply.
  std::unordered_map<uint64_t, Abandoned> abandoned_;
  size_t sinks_ = 0;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_PENDING_CALLS_H_
