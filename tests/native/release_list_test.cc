#include "python_client/native/release_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace envknit::native {
namespace {

std::unique_ptr<ReleasedHandle> Handle(uint64_t id) {
  auto handle = std::make_unique<ReleasedHandle>();
  handle->id = id;
  return handle;
}

TEST(ReleaseListTest, TellsWhenTheFirstOneCame) {
  ReleaseList list;
  EXPECT_TRUE(list.Push(Handle(1)));
  EXPECT_FALSE(list.Push(Handle(2)));
  ReleaseList::Drop(list.TakeAll());
  EXPECT_EQ(list.TakeAll(), nullptr);
  EXPECT_TRUE(list.Push(Handle(3)));
}

TEST(ReleaseListTest, FreesALongChainWithoutRecursion) {
  ReleaseList list;
  for (uint64_t id = 0; id < 1'000'000; ++id) list.Push(Handle(id));
}

TEST(ReleaseListTest, LosesNothingOfSeveralThreads) {
  constexpr uint64_t kEach = 20'000;
  ReleaseList list;
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 3; ++number) {
    threads.emplace_back([&list, number] {
      for (uint64_t i = 0; i < kEach; ++i)
        list.Push(Handle(number * kEach + i));
    });
  }
  std::set<uint64_t> seen;
  const auto take = [&] {
    std::unique_ptr<ReleasedHandle> chain = list.TakeAll();
    for (auto* handle = chain.get(); handle != nullptr;
         handle = handle->next.get()) {
      EXPECT_TRUE(seen.insert(handle->id).second);
    }
    ReleaseList::Drop(std::move(chain));
  };
  while (seen.size() < kEach) take();
  for (std::thread& thread : threads) thread.join();
  take();
  EXPECT_EQ(seen.size(), 3 * kEach);
}

}  // namespace
}  // namespace envknit::native
