#include "server/frame/frame_reader.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace envknit {
namespace {

// A large payload is read in steps of this, so that memory follows arrival and
// the zeros that std::string writes first are still in the cache.
constexpr std::size_t kStepBytes = 256 * 1024;

}  // namespace

FrameReader::FrameReader(std::size_t max_payload, std::size_t buffer_bytes)
    : max_payload_(max_payload),
      buffer_bytes_(std::max(buffer_bytes, kFrameHeaderBytes)),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes_)) {}

Result<FrameReader::Read> FrameReader::ReadFrom(int fd) {
  Piece pieces[2];
  const std::size_t count = Prepare(pieces);
  struct iovec parts[2];
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {pieces[i].data, pieces[i].size};
  }
  const ssize_t n = ::readv(fd, parts, static_cast<int>(count));
  const int error = errno;
  Commit(n > 0 ? static_cast<std::size_t>(n) : 0);
  if (n > 0) return Read::kData;
  // A peer that died with unread bytes resets the socket: for us the same.
  if (n == 0 || error == ECONNRESET) return Read::kEof;
  if (error == EAGAIN || error == EWOULDBLOCK) return Read::kWouldBlock;
  if (error == EINTR) return Read::kInterrupted;
  return Error{StatusCode::kUnavailable,
               std::string("read: ") + std::strerror(error)};
}

Result<void> FrameReader::Feed(std::string_view bytes) {
  // Whole frames that nobody took fill the buffer up: only then there is no
  // room.
  while (!bytes.empty()) {
    Piece pieces[2];
    const std::size_t count = Prepare(pieces);
    std::size_t put = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t n = std::min(pieces[i].size, bytes.size());
      std::memcpy(pieces[i].data, bytes.data(), n);
      bytes.remove_prefix(n);
      put += n;
    }
    Commit(put);
    if (put == 0) {
      return Error{StatusCode::kResourceExhausted, "take the frames first"};
    }
  }
  return {};
}

std::size_t FrameReader::Prepare(Piece (&pieces)[2]) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  std::size_t count = 0;
  if (partial_.has_value()) {
    std::string& payload = partial_->payload;
    const std::size_t length = partial_->header.length;
    if (payload.size() == partial_filled_) {
      payload.resize(std::min(length, partial_filled_ + kStepBytes));
    }
    pieces[count++] = {payload.data() + partial_filled_,
                       payload.size() - partial_filled_};
    if (payload.size() != length) return count;
  }
  pieces[count++] = {buffer_.get() + end_, buffer_bytes_ - end_};
  return count;
}

void FrameReader::Commit(std::size_t count) {
  if (partial_.has_value()) {
    const std::size_t taken =
        std::min(partial_->payload.size() - partial_filled_, count);
    partial_filled_ += taken;
    count -= taken;
  }
  end_ += count;
}

Result<bool> FrameReader::Next(Frame& frame) {
  if (broken_.has_value()) return *broken_;
  if (partial_.has_value()) {
    if (partial_filled_ != partial_->header.length) return false;
    frame = std::move(*partial_);
    partial_.reset();
    partial_filled_ = 0;
    return true;
  }
  if (end_ - begin_ < kFrameHeaderBytes) return false;
  Result<FrameHeader> header =
      DecodeFrameHeader(buffer_.get() + begin_, max_payload_);
  if (!header.ok()) {
    broken_ = std::move(header).error();
    return *broken_;
  }
  const char* const payload = buffer_.get() + begin_ + kFrameHeaderBytes;
  const std::size_t there = end_ - begin_ - kFrameHeaderBytes;
  if (there >= header->length) {
    frame.header = *header;
    frame.payload.assign(payload, header->length);
    begin_ += kFrameHeaderBytes + header->length;
    return true;
  }
  partial_.emplace();
  partial_->header = *header;
  // Only address space: pages come with the bytes.
  partial_->payload.reserve(header->length);
  partial_->payload.assign(payload, there);
  partial_filled_ = there;
  begin_ = end_ = 0;
  return false;
}

}  // namespace envknit
