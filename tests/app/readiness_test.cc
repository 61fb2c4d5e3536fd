#include "server/app/readiness.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace envknit {
namespace {

class ReadinessTest : public testing::Test {
 protected:
  ReadinessTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_.reset(ends[0]);
    write_.reset(ends[1]);
  }
  // Everything until the end.
  std::string Read() {
    std::string text;
    char buffer[256];
    ssize_t size = 0;
    while ((size = ::read(read_.get(), buffer, sizeof(buffer))) > 0) {
      text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
  }

  UniqueFd read_;
  UniqueFd write_;
};

TEST_F(ReadinessTest, FailsWhenNobodyReads) {
  ::signal(SIGPIPE, SIG_IGN);
  read_.reset();
  EXPECT_FALSE(ReportReadiness(std::move(write_), "/s", "").ok());
}

TEST_F(ReadinessTest, WritesOneLineAndCloses) {
  ASSERT_TRUE(ReportReadiness(std::move(write_), "/run/d.sock", "").ok());
  EXPECT_EQ(Read(), "READY unix:/run/d.sock\n");
}

TEST_F(ReadinessTest, NamesTheTcpAddress) {
  ASSERT_TRUE(ReportReadiness(std::move(write_), "/s", "[::1]:50551").ok());
  EXPECT_EQ(Read(), "READY unix:/s tcp:[::1]:50551\n");
}

TEST(WithPortTest, ReplacesThePort) {
  EXPECT_EQ(WithPort("127.0.0.1:0", 4321), "127.0.0.1:4321");
  EXPECT_EQ(WithPort("[::1]:0", 4321), "[::1]:4321");
}

}  // namespace
}  // namespace envknit
