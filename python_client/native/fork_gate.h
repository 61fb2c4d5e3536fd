// Keeps threads out of gRPC while this process forks.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_FORK_GATE_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_FORK_GATE_H_

#include <condition_variable>
#include <mutex>

namespace envknit::native {

// A shared lock with the name of one, for std::unique_lock: any number of
// threads may be inside while it is open. A thread inside must not wait for the
// GIL, which who closes it holds. Thread-safe.
class ForkGate final {
 public:
  ForkGate() = default;
  ForkGate(const ForkGate&) = delete;
  ForkGate& operator=(const ForkGate&) = delete;

  void lock() {
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait(lock, [this] { return closed_ == 0; });
    ++inside_;
  }
  void unlock() {
    std::lock_guard<std::mutex> lock(mu_);
    --inside_;
    changed_.notify_all();
  }

  // Returns when nobody is inside. Threads that fork at the same time close it
  // together; it opens when each has opened it again.
  void Close() {
    std::unique_lock<std::mutex> lock(mu_);
    ++closed_;
    changed_.wait(lock, [this] { return inside_ == 0; });
  }
  void Open() {
    std::lock_guard<std::mutex> lock(mu_);
    --closed_;
    changed_.notify_all();
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_.
  int closed_ = 0;
  int inside_ = 0;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_FORK_GATE_H_
