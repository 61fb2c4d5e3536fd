#include "server/app/process_setup.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "server/app/stop_signals.h"

namespace envknit {
namespace {

absl::Status OpenStandardDescriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // open() takes the lowest free number, which is this one.
    if (::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0) {
      return absl::ErrnoToStatus(errno, "can't open /dev/null");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SetUpProcess() {
  absl::Status descriptors = OpenStandardDescriptors();
  if (!descriptors.ok()) return descriptors;
  ::signal(SIGPIPE, SIG_IGN);
#ifdef NDEBUG
  // Debian's absl is built with assertions, and then looks for deadlocks at
  // each lock: a tenth of the daemon's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  StopSignals::Block();
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
      limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    // Fewer descriptors mean fewer workers, not a broken daemon.
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RuntimeDirectory() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0 || size == static_cast<ssize_t>(sizeof(path))) {
    return absl::ErrnoToStatus(errno, "can't read /proc/self/exe");
  }
  const absl::string_view executable(path, static_cast<std::size_t>(size));
  return std::string(executable.substr(0, executable.rfind('/'))) + "/runtime";
}

absl::StatusOr<InstanceId> MakeInstanceId() {
  uint64_t bits = 0;
  if (::getrandom(&bits, sizeof(bits), 0) !=
      static_cast<ssize_t>(sizeof(bits))) {
    return absl::ErrnoToStatus(errno, "getrandom");
  }
  InstanceId id;
  id.name = absl::StrFormat("%016x", bits);
  id.tag = static_cast<uint32_t>(bits >> 32) | 1u;
  return id;
}

}  // namespace envknit
