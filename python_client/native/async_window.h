// How many calls of a session may be in flight without anyone waiting.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_WINDOW_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_WINDOW_H_

#include <cstddef>
#include <deque>
#include <memory>

namespace envknit::native {

struct AsyncCall;

// Keeps a caller that sends without waiting below the server's limits (1,024
// calls of a session, 1,000 calls and 256 MiB of a pool's queue) with room for
// the threads that use the same session, and for calls that were cancelled and
// are still running there. The rest waits here. More in flight would not be
// faster. Guarded by the GIL.
class AsyncWindow final {
 public:
  bool HasRoom() const {
    return calls_ == 0 || (calls_ < kMaxCalls && bytes_ < kMaxBytes);
  }
  void Enter(size_t bytes) {
    ++calls_;
    bytes_ += bytes;
  }
  void Leave(size_t bytes) {
    --calls_;
    bytes_ -= bytes;
  }

  // In order of arrival. Cancelled ones are dropped by whoever takes them.
  std::deque<std::shared_ptr<AsyncCall>> queued;

 private:
  static constexpr size_t kMaxCalls = 256;
  static constexpr size_t kMaxBytes = size_t{64} << 20;

  size_t calls_ = 0;
  size_t bytes_ = 0;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_WINDOW_H_
