#ifndef ENVKNIT_SERVER_WORKER_FRAME_CHANNEL_H_
#define ENVKNIT_SERVER_WORKER_FRAME_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "server/base/event_loop.h"
#include "server/base/unique_fd.h"
#include "server/frame/frame_header.h"
#include "server/frame/frame_reader.h"

namespace envknit {

// The daemon's end of one of a worker's channels. A frame is written by the
// thread that sends it, in one system call and without waking another, because
// wake-ups are what a call costs; only what the socket doesn't take at once
// waits for the loop. Frames are read on the loop's thread. Owned by
// WorkerProcess.
class FrameChannel final {
 public:
  struct Limits {
    std::size_t max_payload = kDefaultMaxPayloadBytes;
    // Frames waiting because the worker doesn't read.
    std::size_t max_queued = 64;
  };
  using OnFrame = std::function<void(Frame frame)>;
  // OK: the worker closed the channel between two frames. INVALID_ARGUMENT: it
  // sent what is no frame. DATA_LOSS: closed inside a frame.
  using OnEnd = std::function<void(absl::Status why)>;

  // Takes a connected non-blocking stream socket. `loop` outlives the channel.
  FrameChannel(UniqueFd fd, EventLoop* loop, Limits limits);
  FrameChannel(const FrameChannel&) = delete;
  FrameChannel& operator=(const FrameChannel&) = delete;
  // Not while another thread uses it; waits for a callback that runs elsewhere.
  ~FrameChannel();

  // Reading begins. The callbacks run on the loop's thread, `on_end` once; none
  // after StopReading(), which they may call.
  absl::Status Start(OnFrame on_frame, OnEnd on_end);

  // Writes a frame; `header.length` is set from `payload`. Thread-safe, never
  // blocks. Errors: UNAVAILABLE (the worker closed), RESOURCE_EXHAUSTED (it
  // reads nothing, and the queue is full; nothing of the frame was sent).
  absl::Status Send(FrameHeader header, std::string payload)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Hands out the frames that already arrived, for a worker that is dead: its
  // last words count. On the loop's thread.
  void ReadWhatIsThere();

  // On the loop's thread, or when no callback can run.
  void StopReading();

 private:
  struct Outgoing {
    EncodedFrameHeader header;
    std::string payload;
    std::size_t sent = 0;

    std::size_t size() const { return header.size() + payload.size(); }
  };

  void OnReady(uint32_t events);
  // One read and the frames in it. False when there is no more to read.
  bool ReadOnce();
  void End(absl::Status why);
  void Flush() ABSL_LOCKS_EXCLUDED(mu_);
  // Sends as much as the socket takes; `frame` is done when sent == size().
  absl::Status Write(Outgoing& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Constant after construction.
  const UniqueFd fd_;
  EventLoop* const loop_;
  const Limits limits_;

  // Used by the loop's thread only.
  FrameReader reader_;
  OnFrame on_frame_;
  OnEnd on_end_;
  bool reading_ = false;

  absl::Mutex mu_;
  std::deque<Outgoing> queue_ ABSL_GUARDED_BY(mu_);
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_FRAME_CHANNEL_H_
