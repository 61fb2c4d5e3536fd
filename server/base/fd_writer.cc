#include "server/base/fd_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/base/unique_fd.h"

namespace envknit {
namespace {

constexpr absl::Duration kFarewell = absl::Milliseconds(200);
constexpr int kPollMilliseconds = 1000;

// How a write is kept from blocking.
enum class Way {
  // A file: never waits for a reader.
  kPlain,
  // Our own non-blocking opening of the same pipe or terminal; O_NONBLOCK on
  // the given one would change it for everyone who shares it.
  kNonBlocking,
  kSocket,
  // A pipe that can't be opened again (another user's): only the thread of its
  // own writes, and may wait.
  kMayBlock,
};

struct Opened {
  UniqueFd fd;
  Way way = Way::kPlain;
};

Opened OpenFor(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) < 0) return {};
  if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) {
    const std::string name = absl::StrCat("/proc/self/fd/", fd);
    UniqueFd own(
        ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (own.valid()) return {std::move(own), Way::kNonBlocking};
  }
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (S_ISSOCK(info.st_mode)) return {std::move(copy), Way::kSocket};
  const bool waits = S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode);
  return {std::move(copy), waits ? Way::kMayBlock : Way::kPlain};
}

}  // namespace

// Outlives the writer while its thread waits for a reader.
class FdWriter::Sink final : public std::enable_shared_from_this<Sink> {
 public:
  Sink(int fd, std::size_t max_kept_bytes)
      : opened_(OpenFor(fd)), max_kept_bytes_(max_kept_bytes) {}

  void Write(std::string line) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::size_t taken = 0;
    if (kept_.empty() && opened_.way != Way::kMayBlock) {
      if (!WriteNow(line, &taken) || taken == line.size()) return;
    }
    if (kept_bytes_ + line.size() > max_kept_bytes_) {
      // The rest of a line that was begun is kept in any case.
      if (taken == 0) {
        ++dropped_;
        return;
      }
    }
    Keep(line.substr(taken));
    if (!thread_started_) {
      thread_started_ = true;
      std::thread([self = shared_from_this()] { self->Run(); }).detach();
    }
  }

  void Leave() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    mu_.AwaitWithTimeout(absl::Condition(this, &Sink::IsEmpty), kFarewell);
    left_ = true;
  }

 private:
  bool IsEmpty() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return kept_.empty(); }
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return left_ || !kept_.empty();
  }

  void Keep(std::string line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    kept_bytes_ += line.size();
    kept_.push_back(std::move(line));
  }

  // Adds what the kernel took to `taken`. False: the descriptor is broken.
  bool WriteNow(absl::string_view line, std::size_t* taken) const {
    while (*taken < line.size()) {
      const absl::string_view rest = line.substr(*taken);
      const ssize_t n =
          opened_.way == Way::kSocket
              ? ::send(opened_.fd.get(), rest.data(), rest.size(),
                       MSG_DONTWAIT | MSG_NOSIGNAL)
              : ::write(opened_.fd.get(), rest.data(),
                        opened_.way == Way::kMayBlock
                            ? std::min<std::size_t>(rest.size(), PIPE_BUF)
                            : rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      *taken += static_cast<std::size_t>(n);
      if (opened_.way == Way::kMayBlock) return true;
    }
    return true;
  }

  void Run() ABSL_LOCKS_EXCLUDED(mu_) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    std::size_t taken = 0;
    while (true) {
      const std::string* line = nullptr;
      {
        absl::MutexLock lock(&mu_);
        mu_.Await(absl::Condition(this, &Sink::HasWork));
        if (left_) return;
        // Stays where it is while others are added behind it.
        line = &kept_.front();
      }
      struct pollfd writable = {opened_.fd.get(), POLLOUT, 0};
      if (::poll(&writable, 1, kPollMilliseconds) <= 0) continue;
      const bool sound = WriteNow(*line, &taken);
      if (sound && taken < line->size()) continue;
      taken = 0;
      absl::MutexLock lock(&mu_);
      kept_bytes_ -= line->size();
      kept_.pop_front();
      if (!sound) {
        kept_.clear();
        kept_bytes_ = 0;
      }
      if (dropped_ != 0) {
        Keep(absl::StrCat("[envknitd: ", dropped_, " lines dropped]\n"));
        dropped_ = 0;
      }
    }
  }

  // Constant after construction.
  const Opened opened_;
  const std::size_t max_kept_bytes_;

  absl::Mutex mu_;
  // Not empty while the thread writes its front: then callers only add.
  std::deque<std::string> kept_ ABSL_GUARDED_BY(mu_);
  std::size_t kept_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t dropped_ ABSL_GUARDED_BY(mu_) = 0;
  bool thread_started_ ABSL_GUARDED_BY(mu_) = false;
  bool left_ ABSL_GUARDED_BY(mu_) = false;
};

FdWriter::FdWriter(int fd, std::size_t max_kept_bytes)
    : sink_(std::make_shared<Sink>(fd, max_kept_bytes)) {}

FdWriter::~FdWriter() { sink_->Leave(); }

void FdWriter::Write(std::string line) { sink_->Write(std::move(line)); }

}  // namespace envknit
