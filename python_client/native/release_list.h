// Handles whose proxies are gone and whose objects the worker may drop.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_RELEASE_LIST_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_RELEASE_LIST_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace envknit::native {

// Made together with the proxy, so that its finalizer allocates nothing.
struct ReleasedHandle {
  uint32_t session_number = 0;
  uint64_t epoch = 0;
  uint64_t id = 0;
  std::unique_ptr<ReleasedHandle> next;
};

// A stack that finalizers push to: they may run anywhere, so they must neither
// lock nor wait. Thread-safe.
class ReleaseList final {
 public:
  ReleaseList() = default;
  ~ReleaseList() { Drop(TakeAll()); }
  ReleaseList(const ReleaseList&) = delete;
  ReleaseList& operator=(const ReleaseList&) = delete;

  // True if the list was empty. Lock-free.
  bool Push(std::unique_ptr<ReleasedHandle> handle) noexcept {
    ReleasedHandle* node = handle.release();
    ReleasedHandle* head = head_.load(std::memory_order_relaxed);
    do {
      static_cast<void>(node->next.release());
      node->next.reset(head);
    } while (!head_.compare_exchange_weak(head, node, std::memory_order_release,
                                          std::memory_order_relaxed));
    return head == nullptr;
  }

  // Newest first.
  std::unique_ptr<ReleasedHandle> TakeAll() noexcept {
    return std::unique_ptr<ReleasedHandle>(
        head_.exchange(nullptr, std::memory_order_acquire));
  }

  // Frees a chain one by one: its own destructor would recurse.
  static void Drop(std::unique_ptr<ReleasedHandle> chain) {
    while (chain != nullptr) chain = std::move(chain->next);
  }

 private:
  std::atomic<ReleasedHandle*> head_{nullptr};
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_RELEASE_LIST_H_
