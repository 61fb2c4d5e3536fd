#ifndef ENVKNIT_SERVER_FRAME_STATUS_PAGE_H_
#define ENVKNIT_SERVER_FRAME_STATUS_PAGE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/frame/result.h"

namespace envknit {

inline constexpr std::size_t kStatusPageBytes = 4096;
// The bytes "ENVKPAGE" as a little-endian number.
inline constexpr uint64_t kStatusPageMagic = 0x45474150'4b564e45;

// Numbers of the page's 8-byte fields; offsets in protos/README.md are 8 times
// these.
enum class StatusField : std::size_t {
  kMagic = 0,
  kEpoch = 1,
  kRunningCall = 2,
  kRunningCarrier = 3,
  kRunningDeadlineNs = 4,
  kLastRead = 5,
  kLastFinished = 6,
  kImporting = 7,
  kHandles = 8,
  kEndsProcess = 9,
};

// A new page's memfd, close-on-exec and sealed: whoever has it can't change its
// size, so reading a mapping of it never faults. The caller closes it.
Result<int> CreateStatusPage();

// A mapping of a status page. Move-only, unmapped by its owner.
class StatusPageMapping final {
 public:
  enum class Access { kRead, kReadWrite };

  // Maps `fd`, which may be closed afterwards. Error: it is not a file of
  // exactly one page.
  static Result<StatusPageMapping> Map(int fd, Access access);

  StatusPageMapping(StatusPageMapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)) {}
  StatusPageMapping& operator=(StatusPageMapping&& other) noexcept {
    std::swap(address_, other.address_);
    return *this;
  }
  StatusPageMapping(const StatusPageMapping&) = delete;
  StatusPageMapping& operator=(const StatusPageMapping&) = delete;
  ~StatusPageMapping();

  uint64_t Load(StatusField field) const {
    return std::atomic_ref<uint64_t>(*At(field))
        .load(std::memory_order_acquire);
  }
  // Only with kReadWrite.
  void Store(StatusField field, uint64_t value) {
    std::atomic_ref<uint64_t>(*At(field))
        .store(value, std::memory_order_release);
  }

 private:
  explicit StatusPageMapping(void* address) : address_(address) {}

  uint64_t* At(StatusField field) const {
    return static_cast<uint64_t*>(address_) + static_cast<std::size_t>(field);
  }

  void* address_;
};

static_assert(std::atomic_ref<uint64_t>::is_always_lock_free,
              "two processes share the page");

// The worker's side. Used by the thread that runs calls; the fields are read
// by others at any time.
class StatusPageWriter final {
 public:
  explicit StatusPageWriter(StatusPageMapping page) : page_(std::move(page)) {}

  // First of all: marks the page as this worker's.
  void Begin(uint64_t epoch) {
    page_.Store(StatusField::kEpoch, epoch);
    page_.Store(StatusField::kMagic, kStatusPageMagic);
  }

  // A call was taken from the channel. From here on the daemon takes it for
  // started, so it comes before anything of the call is done.
  void CallRead(uint64_t call_id) {
    page_.Store(StatusField::kLastRead, call_id);
  }

  void CallStarts(uint64_t call_id, uint32_t carrier, uint64_t deadline_ns) {
    page_.Store(StatusField::kRunningDeadlineNs, deadline_ns);
    page_.Store(StatusField::kRunningCarrier, carrier);
    page_.Store(StatusField::kRunningCall, call_id);
  }

  // Also for calls that were skipped.
  void CallFinished(uint64_t call_id) {
    page_.Store(StatusField::kRunningCall, 0);
    page_.Store(StatusField::kImporting, 0);
    page_.Store(StatusField::kLastFinished, call_id);
  }

  void SetImporting(bool importing) {
    page_.Store(StatusField::kImporting, importing ? 1 : 0);
  }

  void SetHandles(uint64_t handles) {
    page_.Store(StatusField::kHandles, handles);
  }

  // Interpreter hosts: this thread is ending the process. Async-signal-safe.
  void SetEndsProcess() { page_.Store(StatusField::kEndsProcess, 1); }

 private:
  StatusPageMapping page_;
};

// The daemon's side: what the worker claims. Thread-safe.
class StatusPageReader final {
 public:
  explicit StatusPageReader(StatusPageMapping page) : page_(std::move(page)) {}

  // Whether the worker got as far as marking the page with `epoch`.
  bool BelongsTo(uint64_t epoch) const {
    return page_.Load(StatusField::kMagic) == kStatusPageMagic &&
           page_.Load(StatusField::kEpoch) == epoch;
  }
  uint64_t running_call() const {
    return page_.Load(StatusField::kRunningCall);
  }
  uint64_t running_carrier() const {
    return page_.Load(StatusField::kRunningCarrier);
  }
  uint64_t running_deadline_ns() const {
    return page_.Load(StatusField::kRunningDeadlineNs);
  }
  uint64_t last_read() const { return page_.Load(StatusField::kLastRead); }
  uint64_t last_finished() const {
    return page_.Load(StatusField::kLastFinished);
  }
  bool importing() const { return page_.Load(StatusField::kImporting) != 0; }
  uint64_t handles() const { return page_.Load(StatusField::kHandles); }
  bool ends_process() const {
    return page_.Load(StatusField::kEndsProcess) != 0;
  }

 private:
  StatusPageMapping page_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_STATUS_PAGE_H_
