#ifndef ENVKNIT_SERVER_BASE_UNIQUE_FD_H_
#define ENVKNIT_SERVER_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace envknit {

// An open file descriptor that is closed when its owner goes. Move-only; an
// empty one holds -1. Not thread safe: the owner is the only user.
class UniqueFd final {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives the descriptor away; the caller closes it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  // Closes the descriptor held (if any) and takes `fd`. close() is not retried
  // on EINTR: on Linux the descriptor is gone in either case.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_UNIQUE_FD_H_
