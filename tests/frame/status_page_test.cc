#include "server/frame/status_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace envknit {
namespace {

using Access = StatusPageMapping::Access;

TEST(StatusPageTest, RefusesAFileOfAnotherSize) {
  const int fd = ::memfd_create("short", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(fd, 100), 0);
  EXPECT_FALSE(StatusPageMapping::Map(fd, Access::kRead).ok());
  ::close(fd);
}

TEST(StatusPageTest, RefusesWhatIsNoFile) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  EXPECT_FALSE(StatusPageMapping::Map(fds[0], Access::kRead).ok());
  EXPECT_FALSE(StatusPageMapping::Map(-1, Access::kRead).ok());
  ::close(fds[0]);
  ::close(fds[1]);
}

// A worker that could shrink the page would kill the daemon by SIGBUS.
TEST(StatusPageTest, CannotBeResizedByItsHolder) {
  const Result<int> fd = CreateStatusPage();
  ASSERT_TRUE(fd.ok());
  EXPECT_NE(::ftruncate(*fd, 0), 0);
  EXPECT_NE(::ftruncate(*fd, 1 << 20), 0);
  ::close(*fd);
}

class MappedPageTest : public ::testing::Test {
 protected:
  MappedPageTest() : fd_(CreateStatusPage().value()) {}
  ~MappedPageTest() override { ::close(fd_); }

  const int fd_;
  StatusPageWriter writer_{
      StatusPageMapping::Map(fd_, Access::kReadWrite).value()};
  StatusPageReader reader_{StatusPageMapping::Map(fd_, Access::kRead).value()};
};

TEST_F(MappedPageTest, BelongsToNobodyUntilBegun) {
  EXPECT_FALSE(reader_.BelongsTo(0));
  writer_.Begin(77);
  EXPECT_TRUE(reader_.BelongsTo(77));
  EXPECT_FALSE(reader_.BelongsTo(78));
}

TEST_F(MappedPageTest, ShowsACallFromReadToFinished) {
  writer_.CallRead(5);
  EXPECT_EQ(reader_.last_read(), 5U);
  EXPECT_EQ(reader_.running_call(), 0U);
  writer_.CallStarts(5, 2, 999);
  writer_.SetImporting(true);
  EXPECT_EQ(reader_.running_call(), 5U);
  EXPECT_EQ(reader_.running_carrier(), 2U);
  EXPECT_EQ(reader_.running_deadline_ns(), 999U);
  EXPECT_TRUE(reader_.importing());
  EXPECT_EQ(reader_.last_finished(), 0U);
  writer_.CallFinished(5);
  EXPECT_EQ(reader_.running_call(), 0U);
  EXPECT_FALSE(reader_.importing());
  EXPECT_EQ(reader_.last_finished(), 5U);
}

TEST_F(MappedPageTest, TellsHowManyHandlesAreHeld) {
  EXPECT_EQ(reader_.handles(), 0U);
  writer_.SetHandles(12);
  EXPECT_EQ(reader_.handles(), 12U);
}

TEST_F(MappedPageTest, TellsWhoEndsTheProcess) {
  EXPECT_FALSE(reader_.ends_process());
  writer_.SetEndsProcess();
  EXPECT_TRUE(reader_.ends_process());
}

TEST_F(MappedPageTest, HasItsFieldsWhereTheContractSaysSo) {
  writer_.Begin(1);
  writer_.CallRead(6);
  writer_.CallFinished(7);
  writer_.CallStarts(2, 3, 4);
  writer_.SetImporting(true);
  writer_.SetHandles(9);
  writer_.SetEndsProcess();
  char bytes[80];
  ASSERT_EQ(::pread(fd_, bytes, sizeof(bytes), 0), 80);
  EXPECT_EQ(std::string(bytes, 8), "ENVKPAGE");
  const uint64_t expected[] = {1, 2, 3, 4, 6, 7, 1, 9, 1};
  EXPECT_EQ(std::memcmp(bytes + 8, expected, sizeof(expected)), 0);
}

}  // namespace
}  // namespace envknit
