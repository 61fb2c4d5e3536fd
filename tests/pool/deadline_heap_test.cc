#include "server/pool/deadline_heap.h"

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

struct Item {
  Alarm alarm;
};

absl::Time At(int seconds) {
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

TEST(DeadlineHeap, EmptyHasNothingDue) {
  DeadlineHeap<Item> heap;
  EXPECT_EQ(heap.Earliest(), absl::InfiniteFuture());
  EXPECT_EQ(heap.PopDue(At(1000)), nullptr);
}

TEST(DeadlineHeap, ClearingAnUnsetAlarmDoesNothing) {
  DeadlineHeap<Item> heap;
  Item item;
  heap.Clear(&item);
  EXPECT_FALSE(item.alarm.is_set());
}

TEST(DeadlineHeap, AnInfiniteTimeClears) {
  DeadlineHeap<Item> heap;
  Item item;
  heap.Set(&item, At(1));
  heap.Set(&item, absl::InfiniteFuture());
  EXPECT_FALSE(item.alarm.is_set());
  EXPECT_EQ(heap.Earliest(), absl::InfiniteFuture());
}

TEST(DeadlineHeap, NothingIsDueBeforeItsTime) {
  DeadlineHeap<Item> heap;
  Item item;
  heap.Set(&item, At(2));
  EXPECT_EQ(heap.PopDue(At(1)), nullptr);
  EXPECT_EQ(heap.PopDue(At(2)), &item);
  EXPECT_FALSE(item.alarm.is_set());
}

TEST(DeadlineHeap, MovesAnAlarmBothWays) {
  DeadlineHeap<Item> heap;
  Item a, b;
  heap.Set(&a, At(5));
  heap.Set(&b, At(6));
  heap.Set(&b, At(1));
  EXPECT_EQ(heap.Earliest(), At(1));
  heap.Set(&b, At(9));
  EXPECT_EQ(heap.PopDue(At(10)), &a);
  EXPECT_EQ(heap.PopDue(At(10)), &b);
}

TEST(DeadlineHeap, PopsInOrderAfterAnyMix) {
  std::mt19937 random(1);
  DeadlineHeap<Item> heap;
  std::deque<Item> items(300);
  for (int round = 0; round < 5000; ++round) {
    Item* item = &items[random() % items.size()];
    if (random() % 3 == 0) {
      heap.Clear(item);
    } else {
      heap.Set(item, At(static_cast<int>(random() % 1000)));
    }
  }
  const auto set =
      std::count_if(items.begin(), items.end(),
                    [](const Item& item) { return item.alarm.is_set(); });
  absl::Time last = absl::InfinitePast();
  int popped = 0;
  while (Item* item = heap.PopDue(At(1000))) {
    EXPECT_LE(last, item->alarm.when);
    last = item->alarm.when;
    ++popped;
  }
  EXPECT_EQ(popped, set);
}

}  // namespace
}  // namespace envknit
