#include "server/frame/frame_reader.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "tests/frame/golden_frames.h"

namespace envknit {
namespace {

std::string MakeFrame(uint64_t call_id, const std::string& payload) {
  FrameHeader header;
  header.kind = FrameKind::kReply;
  header.call_id = call_id;
  header.length = static_cast<uint32_t>(payload.size());
  const EncodedFrameHeader bytes = EncodeFrameHeader(header);
  return std::string(bytes.data(), bytes.size()) + payload;
}

std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(i * 31 + i / 257);
  }
  return text;
}

class BadStream : public ::testing::TestWithParam<const char*> {};

TEST_P(BadStream, IsAnErrorForEverAfterTheGoodFramesBeforeIt) {
  FrameReader reader(kDefaultMaxPayloadBytes);
  ASSERT_TRUE(reader.Feed(MakeFrame(1, "good") + GoldenFrame(GetParam())).ok());
  Frame frame;
  Result<bool> next = reader.Next(frame);
  ASSERT_TRUE(next.ok() && *next);
  EXPECT_EQ(frame.payload, "good");
  for (int i = 0; i < 2; ++i) {
    next = reader.Next(frame);
    ASSERT_FALSE(next.ok());
    EXPECT_EQ(next.error().code, StatusCode::kInvalidArgument);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, BadStream,
                         ::testing::Values("bad_version", "bad_kind",
                                           "bad_status", "bad_length"));

TEST(FrameReaderTest, GarbageIsAnErrorOrNoFrameButNeverACrash) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    FrameReader reader(1000, 256);
    std::string bytes(random() % 400, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    // Half of them start as frames do.
    if (round % 2 == 0 && bytes.size() > 6) {
      bytes[1] = bytes[2] = bytes[3] = 0;
      bytes[4] = 1;
      bytes[5] = 32;
    }
    Frame frame;
    while (!bytes.empty()) {
      const std::size_t n = std::min<std::size_t>(bytes.size(), 200);
      if (!reader.Feed(bytes.substr(0, n)).ok()) break;
      bytes.erase(0, n);
      Result<bool> next = reader.Next(frame);
      while (next.ok() && *next) {
        EXPECT_LE(frame.payload.size(), 1000U);
        next = reader.Next(frame);
      }
      if (!next.ok()) break;
    }
  }
}

TEST(FrameReaderTest, ACutFrameIsNeverHandedOutAndIsNoticed) {
  const std::string whole = MakeFrame(1, "payload");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    FrameReader reader(100);
    ASSERT_TRUE(reader.Feed(whole.substr(0, size)).ok());
    Frame frame;
    const Result<bool> next = reader.Next(frame);
    ASSERT_TRUE(next.ok());
    EXPECT_FALSE(*next) << size;
    EXPECT_EQ(reader.InsideFrame(), size != 0) << size;
  }
}

TEST(FrameReaderTest, ACloseInsideAFrameIsSeenAsEof) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  FrameReader reader(100);
  const std::string half = MakeFrame(1, "payload").substr(0, 50);
  ASSERT_EQ(::write(fds[0], half.data(), half.size()), 50);
  ::close(fds[0]);
  Result<FrameReader::Read> read = reader.ReadFrom(fds[1]);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, FrameReader::Read::kData);
  Frame frame;
  EXPECT_FALSE(*reader.Next(frame));
  read = reader.ReadFrom(fds[1]);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, FrameReader::Read::kEof);
  EXPECT_TRUE(reader.InsideFrame());
  ::close(fds[1]);
}

TEST(FrameReaderTest, SaysWhenNothingIsThereYet) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  FrameReader reader(100);
  const Result<FrameReader::Read> read = reader.ReadFrom(fds[1]);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, FrameReader::Read::kWouldBlock);
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST(FrameReaderTest, RefusesMoreWholeFramesThanTheBufferHolds) {
  FrameReader reader(100, 128);
  const std::string frame = MakeFrame(1, std::string(16, 'x'));
  EXPECT_TRUE(reader.Feed(frame + frame).ok());
  EXPECT_FALSE(reader.Feed("y").ok());
}

TEST(FrameReaderTest, AClaimedLengthCostsNoMemoryUntilItsBytesCome) {
  FrameReader reader(1U << 30);
  ASSERT_TRUE(reader
                  .Feed(MakeFrame(1, "").substr(4).insert(
                      0, std::string("\0\0\0\x40", 4)))
                  .ok());
  Frame frame;
  EXPECT_FALSE(*reader.Next(frame));
  std::size_t pages = 0;
  std::size_t resident = 0;
  FILE* const statm = std::fopen("/proc/self/statm", "re");
  ASSERT_EQ(std::fscanf(statm, "%zu %zu", &pages, &resident), 2);
  std::fclose(statm);
  EXPECT_LT(resident * 4096, 512U << 20);
}

class Sizes : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Sizes, ComeOutWholeHoweverTheStreamIsCut) {
  const std::size_t size = GetParam();
  const std::vector<std::string> payloads = {"first", Pattern(size), "",
                                             Pattern(size / 2)};
  std::string stream;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    stream += MakeFrame(i + 1, payloads[i]);
  }
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{47}, std::size_t{4096}, stream.size()}) {
    if (stream.size() / step > 100'000) continue;
    FrameReader reader(size + 10, 1024);
    std::vector<std::string> got;
    Frame frame;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      std::string_view rest = std::string_view(stream).substr(at, step);
      while (!rest.empty()) {
        const std::string_view piece = rest.substr(0, 512);
        rest.remove_prefix(piece.size());
        ASSERT_TRUE(reader.Feed(piece).ok());
        Result<bool> next = reader.Next(frame);
        for (; next.ok() && *next; next = reader.Next(frame)) {
          EXPECT_EQ(frame.header.call_id, got.size() + 1);
          got.push_back(frame.payload);
        }
        ASSERT_TRUE(next.ok());
      }
    }
    EXPECT_EQ(got, payloads) << "step " << step;
    EXPECT_FALSE(reader.InsideFrame());
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Sizes,
                         ::testing::Values(0, 1, 900, 976, 977, 1024, 5000,
                                           256 * 1024, 3 * 1024 * 1024));

}  // namespace
}  // namespace envknit
