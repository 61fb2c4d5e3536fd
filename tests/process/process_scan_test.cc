#include "server/process/process_scan.h"

#include <unistd.h>

#include <algorithm>

#include "gtest/gtest.h"

namespace envknit {
namespace {

TEST(ParseProcessStatTest, RefusesWhatIsNoStatLine) {
  for (const char* line :
       {"", "12", "12 (sh", "12 (sh)", "12 (sh) S", "12 (sh) S 1 2",
        "x (sh) S 1 2 3 4", "12 (sh) S one 2 3 4", ") (", " (a) S 1 2 3"}) {
    EXPECT_FALSE(ParseProcessStat(line).has_value()) << line;
  }
}

TEST(ParseProcessStatTest, IsNotFooledByAName) {
  const absl::optional<ProcessEntry> entry =
      ParseProcessStat("12 (evil) Z 9 9 9 (x) S 34 56 78 0 -1\n");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(*entry, (ProcessEntry{12, 34, 78, false}));
}

TEST(ParseProcessStatTest, KnowsAZombie) {
  EXPECT_TRUE(ParseProcessStat("12 (sh) Z 1 2 3 4")->zombie);
}

TEST(ReadProcessTest, FindsThisProcessAndNoneThatIsNot) {
  const absl::optional<ProcessEntry> self = ReadProcess(::getpid());
  ASSERT_TRUE(self.has_value());
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->session, ::getsid(0));
  EXPECT_FALSE(ReadProcess(0).has_value());
  const std::vector<ProcessEntry> all = ListProcesses();
  EXPECT_NE(std::find(all.begin(), all.end(), *self), all.end());
}

TEST(ReadProcessVariableTest, ReadsWhatTheProcessWasStartedWith) {
  EXPECT_EQ(ReadProcessVariable(::getpid(), "PATH"), ::getenv("PATH"));
  EXPECT_FALSE(ReadProcessVariable(::getpid(), "ENVKNIT_NO_SUCH").has_value());
  EXPECT_FALSE(ReadProcessVariable(0, "PATH").has_value());
}

}  // namespace
}  // namespace envknit
