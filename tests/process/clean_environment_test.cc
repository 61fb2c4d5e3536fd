#include "server/process/clean_environment.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CleanEnvironmentTest, DropsWhatWouldChangeTheLockedEnvironment) {
  const char* const inherited[] = {
      "PYTHONPATH=/x", "LD_PRELOAD=/x.so", "AWS_SECRET_ACCESS_KEY=x", "PATHX=1",
      "LC=1",          "no equals sign",   "VIRTUAL_ENV=/",           nullptr};
  EXPECT_THAT(CleanEnvironment(inherited, {}), IsEmpty());
}

TEST(CleanEnvironmentTest, KeepsPlaceAndLanguage) {
  const char* const inherited[] = {"PATH=/bin:/x=y", "HOME=/h", "LANG=C",
                                   "LC_ALL=C.UTF-8", "TZ=UTC",  "TMPDIR=/t",
                                   "TERM=dumb",      nullptr};
  EXPECT_THAT(CleanEnvironment(inherited, {}),
              ElementsAre("HOME=/h", "LANG=C", "LC_ALL=C.UTF-8",
                          "PATH=/bin:/x=y", "TMPDIR=/t", "TZ=UTC"));
}

TEST(CleanEnvironmentTest, ConfiguredOnesComeToItAndWin) {
  const char* const inherited[] = {"PATH=/bin", nullptr};
  EXPECT_THAT(CleanEnvironment(inherited, {{"PATH", "/mine"}, {"A", ""}}),
              ElementsAre("A=", "PATH=/mine"));
  EXPECT_THAT(CleanEnvironment(nullptr, {}), IsEmpty());
}

}  // namespace
}  // namespace envknit
