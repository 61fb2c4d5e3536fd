// Tells ThreadSanitizer what Debian's absl does. Its shared libraries are built
// without -fsanitize=thread, so the happens-before edges of absl::Mutex,
// CondVar, Notification and BlockingCounter are invisible and every guarded
// field would be reported. The members are defined here again: the executable's
// definition wins over the library's, annotates, and calls the library's.
// Linked into the tests of a ThreadSanitizer build only.
#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/base/config.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

extern "C" {
// The library counts a Status's references, unseen: the last one's delete would
// be a race with the other readers. So does it keep the order of locks, under a
// spinlock of its own. RunChild is the child between vfork and
// exec: its descriptors are its own, though their numbers may be taken here.
__attribute__((visibility("default"))) const char*
__tsan_default_suppressions() {
  return "race:absl::*::Status::Unref\n"
         "race:absl::*::status_internal::Payload\n"
         "race:absl::*::synchronization_internal::GraphCycles\n"
         "race:RunChild\n";
}

void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

#define ENVKNIT_TEXT_OF(x) #x
#define ENVKNIT_TEXT(x) ENVKNIT_TEXT_OF(x)

namespace {

// absl evaluates the conditions of waiting threads on the thread that unlocks,
// after the point where the release was announced; those reads are under the
// lock all the same.
class IgnoreReads {
 public:
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// The library's own function, found by its mangled name: `member` is the part
// after absl's inline namespace, which differs between distributions.
template <typename Signature>
class Real;

template <typename Result, typename... Arguments>
class Real<Result(Arguments...)> {
 public:
  explicit Real(const char* member, const char* prefix = "_ZN") {
    const std::string inline_namespace =
        ENVKNIT_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
    const std::string symbol = std::string(prefix) + "4absl" +
                               std::to_string(inline_namespace.size()) +
                               inline_namespace + member;
    void* found = dlsym(RTLD_NEXT, symbol.c_str());
    if (found == nullptr) {
      std::fprintf(stderr, "absl has no %s: wrap what it has now\n",
                   symbol.c_str());
      std::abort();
    }
    function_ = reinterpret_cast<Result (*)(Arguments...)>(found);
  }

  Result operator()(Arguments... arguments) const {
    const IgnoreReads ignored;
    return function_(arguments...);
  }

 private:
  Result (*function_)(Arguments...);
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const Real<void(Mutex*)> real("5Mutex4LockEv");
  real(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  static const Real<void(Mutex*)> real("5Mutex6UnlockEv");
  __tsan_release(this);
  real(this);
}

bool Mutex::TryLock() {
  static const Real<bool(Mutex*)> real("5Mutex7TryLockEv");
  const bool locked = real(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::ReaderLock() {
  static const Real<void(Mutex*)> real("5Mutex10ReaderLockEv");
  real(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  static const Real<void(Mutex*)> real("5Mutex12ReaderUnlockEv");
  __tsan_release(this);
  real(this);
}

void Mutex::Await(const Condition& condition) {
  static const Real<void(Mutex*, const Condition*)> real(
      "5Mutex5AwaitERKNS0_9ConditionE");
  __tsan_release(this);
  real(this, &condition);
  __tsan_acquire(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static const Real<bool(Mutex*, const Condition*, Duration)> real(
      "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  __tsan_release(this);
  const bool met = real(this, &condition, timeout);
  __tsan_acquire(this);
  return met;
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static const Real<bool(Mutex*, const Condition*, Time)> real(
      "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  __tsan_release(this);
  const bool met = real(this, &condition, deadline);
  __tsan_acquire(this);
  return met;
}

void Mutex::LockWhen(const Condition& condition) {
  static const Real<void(Mutex*, const Condition*)> real(
      "5Mutex8LockWhenERKNS0_9ConditionE");
  real(this, &condition);
  __tsan_acquire(this);
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  static const Real<bool(Mutex*, const Condition*, Duration)> real(
      "5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  const bool met = real(this, &condition, timeout);
  __tsan_acquire(this);
  return met;
}

void CondVar::Wait(Mutex* mutex) {
  static const Real<void(CondVar*, Mutex*)> real("7CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  real(this, mutex);
  __tsan_acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static const Real<bool(CondVar*, Mutex*, Duration)> real(
      "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  __tsan_release(mutex);
  const bool timed_out = real(this, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const Real<bool(CondVar*, Mutex*, Time)> real(
      "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  __tsan_release(mutex);
  const bool timed_out = real(this, mutex, deadline);
  __tsan_acquire(mutex);
  return timed_out;
}

void Notification::Notify() {
  static const Real<void(Notification*)> real("12Notification6NotifyEv");
  __tsan_release(&notified_yet_);
  real(this);
}

void Notification::WaitForNotification() const {
  static const Real<void(const Notification*)> real(
      "12Notification19WaitForNotificationEv", "_ZNK");
  real(this);
  __tsan_acquire(const_cast<std::atomic<bool>*>(&notified_yet_));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static const Real<bool(const Notification*, Duration)> real(
      "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE", "_ZNK");
  const bool notified = real(this, timeout);
  if (notified) __tsan_acquire(const_cast<std::atomic<bool>*>(&notified_yet_));
  return notified;
}

bool BlockingCounter::DecrementCount() {
  static const Real<bool(BlockingCounter*)> real(
      "15BlockingCounter14DecrementCountEv");
  __tsan_release(this);
  return real(this);
}

void BlockingCounter::Wait() {
  static const Real<void(BlockingCounter*)> real("15BlockingCounter4WaitEv");
  real(this);
  __tsan_acquire(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
