#include "server/runtime/descriptor_channel.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace envknit {
namespace {

constexpr std::size_t kExpectedFiles = 2;
// As many as a packet may bring: all must be seen to be closed.
constexpr std::size_t kMaxFiles = 253;

Error Invalid(const char* what) {
  return Error{StatusCode::kInvalidArgument, what};
}

std::vector<int> FilesOf(struct msghdr& message) {
  std::vector<int> files;
  for (struct cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t bytes = part->cmsg_len - CMSG_LEN(0);
    const std::size_t before = files.size();
    files.resize(before + bytes / sizeof(int));
    std::memcpy(files.data() + before, CMSG_DATA(part), bytes);
  }
  return files;
}

}  // namespace

InterpreterFiles::InterpreterFiles(InterpreterFiles&& other) noexcept
    : interpreter(other.interpreter),
      call_fd(std::exchange(other.call_fd, -1)),
      status_fd(std::exchange(other.status_fd, -1)) {}

InterpreterFiles::~InterpreterFiles() {
  if (call_fd >= 0) ::close(call_fd);
  if (status_fd >= 0) ::close(status_fd);
}

Result<InterpreterFiles> ReceiveInterpreterFiles(int descriptor_fd) {
  InterpreterFiles found;
  // One byte more than it should have.
  std::array<unsigned char, sizeof(found.interpreter) + 1> bytes = {};
  struct iovec data = {bytes.data(), bytes.size()};
  alignas(struct cmsghdr) char control[CMSG_SPACE(kMaxFiles * sizeof(int))];
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t size = -1;
  do {
    size = ::recvmsg(descriptor_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Invalid("no packet in the descriptor channel");
  const std::vector<int> files = FilesOf(message);
  if (size != sizeof(found.interpreter) || files.size() != kExpectedFiles) {
    for (const int fd : files) ::close(fd);
    return Invalid("a packet that is no number with two descriptors");
  }
  std::memcpy(&found.interpreter, bytes.data(), sizeof(found.interpreter));
  found.call_fd = files[0];
  found.status_fd = files[1];
  return found;
}

}  // namespace envknit
