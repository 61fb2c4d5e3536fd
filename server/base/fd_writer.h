#ifndef ENVKNIT_SERVER_BASE_FD_WRITER_H_
#define ENVKNIT_SERVER_BASE_FD_WRITER_H_

#include <cstddef>
#include <memory>
#include <string>

namespace envknit {

// Writes lines to a descriptor that others share and may not read: the daemon's
// stderr. It exists because a full pipe must never hold up the thread that
// logs, which serves every worker. A line is written at once by its caller
// where the kernel takes it without waiting; what it doesn't take is kept, up
// to a limit, and written by a thread that starts when it is needed for the
// first time. Lines beyond the limit are dropped and counted, and the count
// stands in their place. Lines never mix. Made by main; thread-safe.
class FdWriter final {
 public:
  static constexpr std::size_t kMaxKeptBytes = std::size_t{4} << 20;

  // `fd` is borrowed for the call only. SIGPIPE must be ignored.
  explicit FdWriter(int fd, std::size_t max_kept_bytes = kMaxKeptBytes);

  // Waits up to 0.2 s for what is kept to be taken.
  ~FdWriter();

  FdWriter(const FdWriter&) = delete;
  FdWriter& operator=(const FdWriter&) = delete;

  // `line` ends with its newline. Never blocks, never fails: a descriptor that
  // is broken loses lines.
  void Write(std::string line);

 private:
  class Sink;
  const std::shared_ptr<Sink> sink_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_FD_WRITER_H_
