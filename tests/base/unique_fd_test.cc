#include "server/base/unique_fd.h"

#include <fcntl.h>

#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace envknit {
namespace {

static_assert(!std::is_copy_constructible_v<UniqueFd>);
static_assert(!std::is_copy_assignable_v<UniqueFd>);

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

int OpenNull() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFdTest, EmptyOneIsInvalid) {
  const UniqueFd fd;
  EXPECT_FALSE(fd.valid());
  EXPECT_EQ(fd.get(), -1);
}

TEST(UniqueFdTest, ClosesWhenItGoes) {
  int raw = -1;
  {
    const UniqueFd fd(OpenNull());
    raw = fd.get();
    ASSERT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFdTest, ReleaseKeepsItOpen) {
  UniqueFd fd(OpenNull());
  const int raw = fd.release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(raw));
  ::close(raw);
}

TEST(UniqueFdTest, MoveAssignmentClosesTheOldOne) {
  UniqueFd first(OpenNull());
  UniqueFd second(OpenNull());
  const int old = first.get();
  const int kept = second.get();
  first = std::move(second);
  EXPECT_FALSE(IsOpen(old));
  EXPECT_EQ(first.get(), kept);
  EXPECT_TRUE(IsOpen(kept));
}

}  // namespace
}  // namespace envknit
