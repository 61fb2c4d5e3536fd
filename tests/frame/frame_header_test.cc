#include "server/frame/frame_header.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/frame/golden_frames.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

struct BadHeader {
  const char* golden;
  const char* message;
};

class BadFrameHeader : public ::testing::TestWithParam<BadHeader> {};

TEST_P(BadFrameHeader, IsRefusedWithItsReason) {
  const Result<FrameHeader> header = DecodeFrameHeader(
      GoldenFrame(GetParam().golden).data(), kDefaultMaxPayloadBytes);
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code, StatusCode::kInvalidArgument);
  EXPECT_THAT(header.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFrameHeader,
    ::testing::Values(BadHeader{"bad_version", "version 2"},
                      BadHeader{"bad_kind", "kind 99"},
                      BadHeader{"bad_status", "status 17"},
                      BadHeader{"bad_length", "4294967295 bytes"}),
    [](const auto& info) { return std::string(info.param.golden); });

TEST(FrameHeaderTest, TakesALengthUpToTheLimitAndNotBeyond) {
  FrameHeader header;
  header.length = 100;
  EXPECT_TRUE(DecodeFrameHeader(EncodeFrameHeader(header).data(), 100).ok());
  EXPECT_FALSE(DecodeFrameHeader(EncodeFrameHeader(header).data(), 99).ok());
}

TEST(FrameHeaderTest, IgnoresUnknownFlags) {
  FrameHeader header;
  header.kind = FrameKind::kReply;
  header.flags = 0x8000 | kFrameSkipped;
  const Result<FrameHeader> decoded =
      DecodeFrameHeader(EncodeFrameHeader(header).data(), 0);
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(decoded->has_flag(kFrameSkipped));
  EXPECT_FALSE(decoded->has_flag(kFrameRetire));
}

TEST(FrameHeaderTest, EveryKnownKindHasANameAndNothingElseIsKnown) {
  int known = 0;
  for (int kind = 0; kind < 256; ++kind) {
    if (!IsKnownFrameKind(static_cast<uint8_t>(kind))) continue;
    ++known;
    EXPECT_NE(FrameKindName(static_cast<FrameKind>(kind)), "UNKNOWN");
  }
  EXPECT_EQ(known, 25);
}

TEST(FrameHeaderTest, SurvivesTheRoundTripWithEveryFieldAtItsMaximum) {
  FrameHeader header;
  header.length = UINT32_MAX;
  header.kind = FrameKind::kStop;
  header.flags = UINT16_MAX;
  header.carrier = UINT32_MAX;
  header.execution_us = UINT32_MAX;
  header.call_id = UINT64_MAX;
  header.session = UINT64_MAX;
  header.first_handle = UINT64_MAX;
  header.handle_count = UINT32_MAX;
  header.status = StatusCode::kUnauthenticated;
  header.interpreter = UINT16_MAX;
  const Result<FrameHeader> decoded =
      DecodeFrameHeader(EncodeFrameHeader(header).data(), UINT32_MAX);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, header);
}

}  // namespace
}  // namespace envknit
