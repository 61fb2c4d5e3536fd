#include "server/worker/frame_channel.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

namespace envknit {

FrameChannel::FrameChannel(UniqueFd fd, EventLoop* loop, Limits limits)
    : fd_(std::move(fd)),
      loop_(loop),
      limits_(limits),
      reader_(limits.max_payload) {}

FrameChannel::~FrameChannel() { loop_->Unwatch(fd_.get()); }

absl::Status FrameChannel::Start(OnFrame on_frame, OnEnd on_end) {
  on_frame_ = std::move(on_frame);
  on_end_ = std::move(on_end);
  reading_ = true;
  return loop_->Watch(fd_.get(), EPOLLIN,
                      [this](uint32_t events) { OnReady(events); });
}

absl::Status FrameChannel::Send(FrameHeader header, std::string payload) {
  header.length = static_cast<uint32_t>(payload.size());
  Outgoing frame{EncodeFrameHeader(header), std::move(payload)};
  absl::MutexLock lock(&mu_);
  if (broken_) return absl::UnavailableError("the worker closed the channel");
  if (queue_.size() >= limits_.max_queued) {
    return absl::ResourceExhaustedError("the worker does not read");
  }
  if (queue_.empty()) {
    absl::Status written = Write(frame);
    if (!written.ok() || frame.sent == frame.size()) return written;
    // An error means that the channel is being closed.
    loop_->SetEvents(fd_.get(), EPOLLIN | EPOLLOUT).IgnoreError();
  }
  queue_.push_back(std::move(frame));
  return absl::OkStatus();
}

absl::Status FrameChannel::Write(Outgoing& frame) {
  while (frame.sent < frame.size()) {
    struct iovec parts[2];
    struct msghdr message = {};
    message.msg_iov = parts;
    const std::size_t header_size = frame.header.size();
    if (frame.sent < header_size) {
      parts[message.msg_iovlen++] = {frame.header.data() + frame.sent,
                                     header_size - frame.sent};
    }
    const std::size_t from =
        frame.sent > header_size ? frame.sent - header_size : 0;
    if (from < frame.payload.size()) {
      parts[message.msg_iovlen++] = {frame.payload.data() + from,
                                     frame.payload.size() - from};
    }
    const ssize_t n =
        ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      frame.sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      broken_ = true;
      return absl::UnavailableError("the worker closed the channel");
    }
  }
  return absl::OkStatus();
}

void FrameChannel::Flush() {
  absl::MutexLock lock(&mu_);
  while (!queue_.empty()) {
    Outgoing& frame = queue_.front();
    if (!Write(frame).ok()) {
      queue_.clear();
      break;
    }
    if (frame.sent < frame.size()) return;
    queue_.pop_front();
  }
  loop_->SetEvents(fd_.get(), EPOLLIN).IgnoreError();
}

void FrameChannel::OnReady(uint32_t events) {
  if ((events & EPOLLOUT) != 0) Flush();
  // The loop asks again while there is more, so that one worker that writes
  // without end leaves the others their turn.
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) ReadOnce();
}

void FrameChannel::ReadWhatIsThere() {
  while (reading_ && ReadOnce()) {
  }
}

bool FrameChannel::ReadOnce() {
  if (!reading_) return false;
  const Result<FrameReader::Read> read = reader_.ReadFrom(fd_.get());
  if (!read.ok()) {
    End(absl::DataLossError(read.error().message));
    return false;
  }
  switch (*read) {
    case FrameReader::Read::kWouldBlock:
      return false;
    case FrameReader::Read::kInterrupted:
      return true;
    case FrameReader::Read::kEof:
      End(reader_.InsideFrame() ? absl::DataLossError("closed inside a frame")
                                : absl::OkStatus());
      return false;
    case FrameReader::Read::kData:
      break;
  }
  Frame frame;
  while (reading_) {
    const Result<bool> next = reader_.Next(frame);
    if (!next.ok()) {
      End(absl::InvalidArgumentError(next.error().message));
      return false;
    }
    if (!*next) break;
    on_frame_(std::move(frame));
  }
  return reading_;
}

void FrameChannel::End(absl::Status why) {
  StopReading();
  on_end_(std::move(why));
}

void FrameChannel::StopReading() {
  reading_ = false;
  loop_->Unwatch(fd_.get());
}

}  // namespace envknit
