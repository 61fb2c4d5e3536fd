#ifndef ENVKNIT_SERVER_POOL_DEADLINE_HEAP_H_
#define ENVKNIT_SERVER_POOL_DEADLINE_HEAP_H_

#include <cstddef>
#include <limits>
#include <vector>

#include "absl/time/time.h"

namespace envknit {

// Where an item stands in a DeadlineHeap; a field of the item.
struct Alarm {
  static constexpr size_t kUnset = std::numeric_limits<size_t>::max();

  bool is_set() const { return place != kUnset; }

  absl::Time when;
  size_t place = kUnset;
};

// Items by the time at which something is due for them: a binary heap whose
// items know their own place, so that setting and clearing cost O(log n) and no
// allocation. `T` has a field `Alarm alarm`. Items are borrowed, and cleared
// before they go. Not thread-safe.
template <typename T>
class DeadlineHeap final {
 public:
  // Sets or moves the item's alarm; an infinite time clears it.
  void Set(T* item, absl::Time when) {
    if (when == absl::InfiniteFuture()) return Clear(item);
    item->alarm.when = when;
    if (!item->alarm.is_set()) {
      item->alarm.place = items_.size();
      items_.push_back(item);
    }
    Settle(item->alarm.place);
  }

  void Clear(T* item) {
    const size_t place = item->alarm.place;
    // Also when it is unset: that is the largest number there is.
    if (place >= items_.size()) return;
    item->alarm.place = Alarm::kUnset;
    T* last = items_.back();
    items_.pop_back();
    if (last == item) return;
    Put(place, last);
    Settle(place);
  }

  // An infinite time if no alarm is set.
  absl::Time Earliest() const {
    return items_.empty() ? absl::InfiniteFuture() : items_[0]->alarm.when;
  }

  // Clears and returns an item that is due, the earliest first; null if none
  // is.
  T* PopDue(absl::Time now) {
    if (Earliest() > now) return nullptr;
    T* item = items_[0];
    Clear(item);
    return item;
  }

 private:
  void Put(size_t place, T* item) {
    items_[place] = item;
    item->alarm.place = place;
  }

  bool Before(size_t a, size_t b) const {
    return items_[a]->alarm.when < items_[b]->alarm.when;
  }

  void Swap(size_t a, size_t b) {
    T* item = items_[a];
    Put(a, items_[b]);
    Put(b, item);
  }

  // Moves the item at `place` up or down until its parent is not later and its
  // children are not earlier.
  void Settle(size_t place) {
    while (place > 0 && Before(place, (place - 1) / 2)) {
      Swap(place, (place - 1) / 2);
      place = (place - 1) / 2;
    }
    for (;;) {
      size_t first = place;
      for (size_t child : {2 * place + 1, 2 * place + 2}) {
        if (child < items_.size() && Before(child, first)) first = child;
      }
      if (first == place) return;
      Swap(place, first);
      place = first;
    }
  }

  std::vector<T*> items_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_DEADLINE_HEAP_H_
