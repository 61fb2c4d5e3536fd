#include "server/worker/echoed_output.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace envknit {

EchoedOutput::EchoedOutput(std::unique_ptr<WorkerOutput> output, int fd)
    : output_(std::move(output)), fd_(fd) {}

void EchoedOutput::OnLine(OutputStream stream, absl::string_view line) {
  output_->OnLine(stream, line);
  if (dropped_ != 0 &&
      Write(absl::StrCat("[envknit: ", dropped_, " lines dropped]\n"))) {
    dropped_ = 0;
  }
  if (dropped_ != 0 || !Write(absl::StrCat(line, "\n"))) ++dropped_;
}

bool EchoedOutput::Write(absl::string_view text) {
  bool begun = false;
  while (!text.empty()) {
    // A pipe that is writable takes PIPE_BUF bytes without blocking, and takes
    // them as one.
    struct pollfd writable = {fd_, POLLOUT, 0};
    if (::poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) {
      return begun;
    }
    const ssize_t n =
        ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return begun;
    begun = true;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace envknit
