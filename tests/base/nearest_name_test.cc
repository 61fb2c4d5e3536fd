#include "server/base/nearest_name.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string>& Packages() {
  static const auto& names = *new std::vector<std::string>{
      "numpy", "scipy", "pandas", "numpydoc", "numpy"};
  return names;
}

TEST(NearestNameTest, SuggestsNothingThatIsFarOff) {
  EXPECT_THAT(NearestNames("tensorflow", Packages(), 3), IsEmpty());
  EXPECT_THAT(NearestNames("", Packages(), 3), IsEmpty());
  EXPECT_THAT(NearestNames(std::string(1'000'000, 'n'), Packages(), 3),
              IsEmpty());
  EXPECT_EQ(DidYouMean("tensorflow", Packages()), "");
}

TEST(NearestNameTest, FindsMisspellingsOnceEach) {
  EXPECT_THAT(NearestNames("numppy", Packages(), 3), ElementsAre("numpy"));
  EXPECT_THAT(NearestNames("NumPy", Packages(), 3), ElementsAre("numpy"));
  EXPECT_THAT(NearestNames("nupmy", Packages(), 3), ElementsAre("numpy"));
  EXPECT_EQ(DidYouMean("panads", Packages()), "; did you mean pandas?");
}

TEST(NearestNameTest, OrdersByDistanceAndKeepsTheLimit) {
  const std::vector<std::string> names = {"pool.queue_bytes",
                                          "pool.queue_calls", "pool.queue"};
  EXPECT_THAT(NearestNames("pool.queue_cals", names, 2),
              ElementsAre("pool.queue_calls", "pool.queue_bytes"));
}

}  // namespace
}  // namespace envknit
