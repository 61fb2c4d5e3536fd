#include "server/rpc/socket_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace envknit {
namespace {

// What the holder wrote: its pid.
std::string ReadHolder(int fd) {
  char text[32];
  const ssize_t size = ::pread(fd, text, sizeof(text), 0);
  if (size <= 0) return "unknown";
  return std::string(absl::StripAsciiWhitespace(
      absl::string_view(text, static_cast<std::size_t>(size))));
}

// Whether the path still names the file that is open: its last holder removed
// it if not, and a lock on a removed file protects nothing.
bool StillThere(const std::string& path, int fd) {
  struct stat by_path = {};
  struct stat by_fd = {};
  return ::stat(path.c_str(), &by_path) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_path.st_dev == by_fd.st_dev && by_path.st_ino == by_fd.st_ino;
}

absl::Status WriteHolder(int fd) {
  const std::string text = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(fd, 0) < 0 || ::pwrite(fd, text.data(), text.size(), 0) !=
                                    static_cast<ssize_t>(text.size())) {
    return absl::ErrnoToStatus(errno, "can't write the lock file");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SocketLock> SocketLock::Acquire(const std::string& socket_path) {
  std::string path = absl::StrCat(socket_path, ".lock");
  while (true) {
    UniqueFd fd(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) {
      return absl::ErrnoToStatus(errno, absl::StrCat("can't open ", path));
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) {
        return absl::ErrnoToStatus(errno, absl::StrCat("can't lock ", path));
      }
      return absl::FailedPreconditionError(
          absl::StrCat(socket_path, " is served by another envknitd, process ",
                       ReadHolder(fd.get())));
    }
    if (!StillThere(path, fd.get())) continue;
    absl::Status written = WriteHolder(fd.get());
    if (!written.ok()) return written;
    return SocketLock(std::move(path), std::move(fd));
  }
}

SocketLock::~SocketLock() {
  if (fd_.valid()) ::unlink(path_.c_str());
}

}  // namespace envknit
