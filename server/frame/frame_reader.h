#ifndef ENVKNIT_SERVER_FRAME_FRAME_READER_H_
#define ENVKNIT_SERVER_FRAME_FRAME_READER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/frame/frame_header.h"
#include "server/frame/result.h"

namespace envknit {

// Cuts a stream of bytes, which may end anywhere and hold anything, into
// frames. A small frame costs one read() for header and payload together; the
// rest of a payload that did not come with its header is read straight into
// the string that is handed out. Memory grows with the bytes that arrived,
// never with the length a header claims. Not thread safe.
class FrameReader final {
 public:
  enum class Read { kData, kWouldBlock, kInterrupted, kEof };

  static constexpr std::size_t kDefaultBufferBytes = 32 * 1024;

  // Payloads over `max_payload` bytes are an error.
  explicit FrameReader(std::size_t max_payload,
                       std::size_t buffer_bytes = kDefaultBufferBytes);
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // One read from `fd`, blocking if it is. To be called only when Next() has
  // nothing left. kInterrupted: a signal came. kEof: the peer is gone. Error:
  // the read failed in another way.
  Result<Read> ReadFrom(int fd);

  // Takes bytes from memory instead, all of `bytes`.
  Result<void> Feed(std::string_view bytes);

  // Moves the next whole frame to `frame` and returns true; false if it needs
  // more bytes. Error: the stream is no sequence of valid frames; it stays
  // that way.
  Result<bool> Next(Frame& frame);

  // Whether a part of a frame is there: EOF now means it was cut.
  bool InsideFrame() const { return begin_ != end_ || partial_.has_value(); }

 private:
  // Makes room and says where the next bytes belong: in the payload under way
  // first, then in the buffer. Returns the number of pieces.
  struct Piece {
    char* data;
    std::size_t size;
  };
  std::size_t Prepare(Piece (&pieces)[2]);
  // Says that `count` bytes were put there.
  void Commit(std::size_t count);

  // Constant after construction.
  const std::size_t max_payload_;
  const std::size_t buffer_bytes_;
  const std::unique_ptr<char[]> buffer_;

  // Unread bytes of buffer_ are [begin_, end_).
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  // The frame whose payload didn't fit in what was read so far; then buffer_
  // holds nothing of it, and only later frames once it is full.
  std::optional<Frame> partial_;
  // Bytes of partial_'s payload that are there; its size runs ahead of them.
  std::size_t partial_filled_ = 0;
  // Set once the stream turned out to be invalid.
  std::optional<Error> broken_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_FRAME_READER_H_
