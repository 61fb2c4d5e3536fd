#include "server/base/real_clock.h"

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

TEST(RealClockTest, NeverGoesBackAndStartsAtTheWallTime) {
  const absl::Time before = absl::Now();
  const RealClock clock;
  absl::Time last = clock.Now();
  EXPECT_LT(absl::AbsDuration(last - before), absl::Minutes(1));
  for (int i = 0; i < 1000; ++i) {
    const absl::Time now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace envknit
