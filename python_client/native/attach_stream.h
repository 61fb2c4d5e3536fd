// One Attach stream to a server, used by any number of threads.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ATTACH_STREAM_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ATTACH_STREAM_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "python_client/native/attach_frames.h"
#include "python_client/native/reply_bytes.h"
#include "python_client/native/unary_call.h"

namespace envknit::native {

using SteadyTime = std::chrono::steady_clock::time_point;

// Why a stream ended, as gRPC and the server told it.
struct StreamEnd {
  int code = 0;
  std::string message;
  // Serialized google.rpc.Status, if the server sent one.
  std::string details;
  // False if it never said hello: there may be no server at all.
  bool greeted = false;
};

// How a wait for a reply ended.
enum class WaitEnd {
  kReplied,
  // Past the deadline: wait again, or abandon the call.
  kExpired,
  // `interrupted` said so: wait again, or abandon the call.
  kInterrupted,
  // It was never sent: the stream is gone, or about to end.
  kRefused,
  // The stream is gone; end() says why.
  kBroken,
};

struct PendingCall;

// Takes the calls that no thread waits for as they end.
class ReplySink {
 public:
  virtual ~ReplySink() = default;

  // It was replied to (`done`), or lost with the stream. Called once, on
  // whichever thread polls, with the stream locked: must not call back.
  virtual void Ended(PendingCall* pending) noexcept = 0;
};

// One call in flight. Kept by the caller from Send until Wait answers something
// final, the sink is told, or Abandon; its fields belong to the stream until
// then.
struct PendingCall {
  // Told of the call's end; null if a thread waits for it.
  ReplySink* sink = nullptr;
  // 0 if the reply has nothing that a session must know of.
  uint32_t session_number = 0;
  // What the reply is one to.
  AttachMethod method = AttachMethod::kCall;
  uint64_t call_id = 0;
  bool done = false;
  bool refused = false;
  ReplyBytes reply;
  // Set while its thread sleeps because another one leads.
  bool parked = false;
  std::condition_variable wake;
};

// Told of replies to calls of a session, on whichever thread polls, with the
// stream locked: they must not call back.
struct ReplyHandlers {
  // Every reply, in the order of the stream and before its call is told.
  std::function<void(uint32_t session_number, AttachMethod method,
                     const AttachReply& reply)>
      every;
  // A reply that came after its caller gave up.
  std::function<void(uint32_t session_number, AttachMethod method,
                     ReplyBytes reply)>
      late;
};

// Carries requests and their replies over gRPC without generated code.
//
// The waiting threads read the stream: one of them, the leader, polls the
// completion queue for all and hands the role on when its own reply is there;
// so a client with one thread never pays a hand-off (some 20 us a call). Nobody
// polls between calls, which costs nothing. Only while calls with a sink are in
// flight a thread of the stream's own, made for the first of them, leads.
//
// Created and destroyed by Connection. Thread-safe. After fork() the child must
// neither use nor destroy it: gRPC's state belongs to the parent.
class AttachStream {
 public:
  // `fd` is a connected stream socket, owned from here on. Doesn't block.
  static std::unique_ptr<AttachStream> Open(int fd,
                                            const std::string& authority,
                                            ReplyHandlers handlers);
  virtual ~AttachStream() = default;

  // Numbers the frame and writes it; answers its call id. Frames go out in
  // order of Send. `pending` is null for frames that have no reply. Doesn't
  // block.
  virtual uint64_t Send(AttachFrame frame, PendingCall* pending) = 0;

  // Waits for the reply of `pending`. `interrupted` is asked at least every
  // 100 ms, on this thread, without any lock.
  virtual WaitEnd Wait(PendingCall* pending, SteadyTime deadline,
                       const std::function<bool()>& interrupted) = 0;

  // Nobody waits for the reply any more; it counts as late, even if it is
  // there.
  virtual void Abandon(PendingCall* pending) = 0;

  // Takes in what happened while nobody polled, such as the server's end, if
  // that was longer than a moment. Doesn't block.
  virtual void Poll() = 0;

  // A unary RPC beside the stream, on its connection.
  virtual UnaryReply CallUnary(const std::string& method,
                               const std::string& request, SteadyTime deadline,
                               const std::function<bool()>& interrupted) = 0;

  // Before a fork() of this process: returns when no thread is inside of gRPC,
  // which can't be forked otherwise, and keeps them out. Waits for a thread
  // that polls to leave; the others wait, and what is sent is kept, until
  // as many calls of Resume, which are for the parent.
  virtual void Pause() = 0;
  virtual void Resume() = 0;

  // Ends the stream in order, so that the server ends its sessions now; waits
  // at most `patience` for it.
  virtual void Finish(std::chrono::milliseconds patience) = 0;

  virtual bool broken() const = 0;
  virtual StreamEnd end() const = 0;

  // The server's limit for a frame's body; its default until it said so.
  virtual uint64_t max_body_bytes() const = 0;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ATTACH_STREAM_H_
