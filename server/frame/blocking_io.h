#ifndef ENVKNIT_SERVER_FRAME_BLOCKING_IO_H_
#define ENVKNIT_SERVER_FRAME_BLOCKING_IO_H_

#include <functional>
#include <optional>
#include <string_view>

#include "server/frame/frame_header.h"
#include "server/frame/frame_reader.h"
#include "server/frame/result.h"

namespace envknit {

// Frame I/O for threads that may wait: the worker's side of its channels. Both
// go on after signals and partial transfers, and wait in poll() when somebody
// (user code has the descriptors too) made the socket non-blocking.

// The next frame: at once if `reader` has one buffered, else one read() for a
// small frame. nullopt: the peer closed the channel between two frames. Error:
// kInvalidArgument for a stream that is no frames, kDataLoss for one that was
// cut inside a frame, kUnavailable for a failed read.
// `on_signal`, if given, is called when a signal interrupted the wait; false
// ends it with kCancelled.
Result<std::optional<Frame>> ReadFrame(
    int fd, FrameReader& reader,
    const std::function<bool()>* on_signal = nullptr);

// Writes header and payload, in one system call when the socket has room.
// `header.length` is set from `payload`. Never raises SIGPIPE. Error
// (kUnavailable): the peer is gone.
Result<void> WriteFrame(int fd, FrameHeader header, std::string_view payload);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_BLOCKING_IO_H_
