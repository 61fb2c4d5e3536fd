#include "server/base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "server/base/unique_fd.h"

namespace envknit {

absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO would wait for a writer.
  const UniqueFd fd(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, path);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a regular file"));
  }
  std::string content;
  // Not trusting st_size: the file may grow while it is read.
  while (content.size() <= max_bytes) {
    const std::size_t offset = content.size();
    content.resize(offset + 64 * 1024);
    const ssize_t got =
        ::read(fd.get(), content.data() + offset, content.size() - offset);
    if (got < 0 && errno == EINTR) {
      content.resize(offset);
      continue;
    }
    if (got < 0) return absl::ErrnoToStatus(errno, path);
    content.resize(offset + static_cast<std::size_t>(got));
    if (got == 0) return content;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is larger than the limit of ", max_bytes, " bytes"));
}

}  // namespace envknit
