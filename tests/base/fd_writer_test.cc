#include "server/base/fd_writer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/unique_fd.h"

namespace envknit {
namespace {

using ::testing::SizeIs;

class FdWriterTest : public ::testing::TestWithParam<bool> {
 protected:
  FdWriterTest() {
    std::array<int, 2> fds = {-1, -1};
    if (GetParam()) {
      EXPECT_EQ(
          ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    } else {
      EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    }
    reader_.reset(fds[0]);
    given_.reset(fds[1]);
  }

  // Until every writing end is closed, or that many lines came.
  std::string Read(std::ptrdiff_t lines) const {
    std::string all;
    std::array<char, 1000> buffer;
    ssize_t got = 0;
    while (std::count(all.begin(), all.end(), '\n') < lines &&
           (got = ::read(reader_.get(), buffer.data(), buffer.size())) > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  UniqueFd reader_;
  UniqueFd given_;
};

// The daemon's threads go on, however long nobody reads its stderr.
TEST_P(FdWriterTest, NeverWaitsForAReaderAndSaysWhatIsMissing) {
  auto writer = std::make_unique<FdWriter>(given_.get(), 100'000);
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 2000; ++i) writer->Write(line);
  given_.reset();
  std::string all;
  std::thread reader([this, &all] { all = Read(2000); });
  writer.reset();
  reader.join();
  const std::vector<std::string> lines =
      absl::StrSplit(all, '\n', absl::SkipEmpty());
  EXPECT_LT(lines.size(), 2000U);
  bool told = false;
  for (const std::string& got : lines) {
    if (absl::StartsWith(got, "[envknitd: ") &&
        absl::EndsWith(got, " lines dropped]")) {
      told = true;
    } else {
      EXPECT_EQ(got.size(), 999U);
    }
  }
  EXPECT_TRUE(told);
}

TEST_P(FdWriterTest, EndsThoughNobodyReads) {
  FdWriter writer(given_.get());
  for (int i = 0; i < 1000; ++i) writer.Write(std::string(1000, 'x') + "\n");
}

TEST_P(FdWriterTest, WritesAtOnceWhatFits) {
  FdWriter writer(given_.get());
  writer.Write("one\n");
  std::array<char, 16> buffer;
  EXPECT_EQ(::read(reader_.get(), buffer.data(), buffer.size()), 4);
}

// The flags belong to everyone who shares the descriptor.
TEST_P(FdWriterTest, LeavesTheGivenDescriptorBlocking) {
  FdWriter writer(given_.get());
  writer.Write("one\n");
  EXPECT_EQ(::fcntl(given_.get(), F_GETFL) & O_NONBLOCK, 0);
}

// Lines beyond PIPE_BUF, through a pipe that is full most of the time: the case
// where the kernel cuts writes.
TEST_P(FdWriterTest, NeverMixesLinesOfThreads) {
  auto writer = std::make_unique<FdWriter>(given_.get());
  given_.reset();
  constexpr int kLines = 20;
  std::string log;
  std::thread reader([this, &log] { log = Read(4 * kLines); });
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&writer, letter] {
      for (int i = 0; i < kLines; ++i) {
        writer->Write(std::string(20'000, letter) + "\n");
      }
    });
  }
  for (std::thread& thread : writers) thread.join();
  reader.join();
  const std::vector<std::string> lines =
      absl::StrSplit(log, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(4 * kLines));
  for (const std::string& line : lines) {
    EXPECT_EQ(line, std::string(20'000, line.back()));
  }
}

INSTANTIATE_TEST_SUITE_P(PipeAndSocket, FdWriterTest, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& info) {
                           return info.param ? "Socket" : "Pipe";
                         });

}  // namespace
}  // namespace envknit
