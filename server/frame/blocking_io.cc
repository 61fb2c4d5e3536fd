#include "server/frame/blocking_io.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace envknit {
namespace {

void WaitFor(int fd, short events) {
  struct pollfd waited = {fd, events, 0};
  ::poll(&waited, 1, -1);
}

}  // namespace

Result<std::optional<Frame>> ReadFrame(int fd, FrameReader& reader,
                                       const std::function<bool()>* on_signal) {
  Frame frame;
  while (true) {
    Result<bool> next = reader.Next(frame);
    if (!next.ok()) return std::move(next).error();
    if (*next) return std::optional<Frame>(std::move(frame));
    Result<FrameReader::Read> read = reader.ReadFrom(fd);
    if (!read.ok()) return std::move(read).error();
    switch (*read) {
      case FrameReader::Read::kData:
        break;
      case FrameReader::Read::kWouldBlock:
        WaitFor(fd, POLLIN);
        break;
      case FrameReader::Read::kInterrupted:
        if (on_signal != nullptr && !(*on_signal)()) {
          return Error{StatusCode::kCancelled, "the wait was ended"};
        }
        break;
      case FrameReader::Read::kEof:
        if (reader.InsideFrame()) {
          return Error{StatusCode::kDataLoss, "closed inside a frame"};
        }
        return std::optional<Frame>();
    }
  }
}

Result<void> WriteFrame(int fd, FrameHeader header, std::string_view payload) {
  header.length = static_cast<uint32_t>(payload.size());
  EncodedFrameHeader bytes = EncodeFrameHeader(header);
  struct iovec parts[2] = {{bytes.data(), bytes.size()},
                           // sendmsg() doesn't write to it.
                           {const_cast<char*>(payload.data()), payload.size()}};
  struct msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = payload.empty() ? 1 : 2;
  std::size_t left = bytes.size() + payload.size();
  while (true) {
    const ssize_t n = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        WaitFor(fd, POLLOUT);
        continue;
      }
      return Error{StatusCode::kUnavailable,
                   std::string("write: ") + std::strerror(errno)};
    }
    auto sent = static_cast<std::size_t>(n);
    left -= sent;
    if (left == 0) return {};
    while (sent >= message.msg_iov->iov_len) {
      sent -= message.msg_iov->iov_len;
      ++message.msg_iov;
      --message.msg_iovlen;
    }
    message.msg_iov->iov_base =
        static_cast<char*>(message.msg_iov->iov_base) + sent;
    message.msg_iov->iov_len -= sent;
  }
}

}  // namespace envknit
