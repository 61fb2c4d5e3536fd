// The frames in golden/ are the contract with every runtime that was ever
// released: this test fails when the code leaves it, and such a change needs a
// new frame version.
#include "tests/frame/golden_frames.h"

#include <string>

#include "gtest/gtest.h"

#include "server/frame/frame_header.h"

namespace envknit {
namespace {

using namespace std::string_literals;  // NOLINT: for embedded NULs

struct Golden {
  const char* name;
  FrameHeader header;
  std::string payload;
};

Golden Make(const char* name, FrameKind kind, FrameHeader header,
            std::string payload = "") {
  header.kind = kind;
  header.length = static_cast<uint32_t>(payload.size());
  return {name, header, std::move(payload)};
}

const Golden kGolden[] = {
    Make("call", FrameKind::kCall,
         {.call_id = 7, .session = 3, .first_handle = 1'000'000'000},
         "\x0a\x03"
         "abc"),
    Make("import", FrameKind::kImport,
         {.carrier = 2,
          .call_id = 0x0102030405060708,
          .session = 0x1112131415161718},
         "\x12\x05numpy"),
    Make("end_session", FrameKind::kEndSession, {.call_id = 9, .session = 3}),
    Make("reply", FrameKind::kReply,
         {.execution_us = 1500,
          .call_id = 7,
          .session = 3,
          .first_handle = 41,
          .handle_count = 2},
         "\x0a\x02ok"),
    Make("reply_interrupted", FrameKind::kReply,
         {.flags = kFrameInterrupted | kFrameRetire,
          .execution_us = 250'000,
          .call_id = 8,
          .session = 3}),
    Make("reply_skipped", FrameKind::kReply,
         {.flags = kFrameSkipped, .call_id = 10, .session = 3}),
    Make("reply_failure", FrameKind::kReply,
         {.execution_us = 12,
          .call_id = 11,
          .session = 3,
          .status = StatusCode::kFailedPrecondition},
         "\x08\x09\x12\x0eHANDLE_EXPIRED\x1a\x10no such handle 5"),
    Make("hello", FrameKind::kHello, {},
         "\x08\x01\x10\xd2\x09\x1a\x06"
         "3.11.7"
         "\x22\x1c"
         "cpython-311-x86_64-linux-gnu"),
    Make("ready", FrameKind::kReady, {}),
    Make("ping", FrameKind::kPing, {.call_id = 5}),
    Make("cancel", FrameKind::kCancel, {.call_id = 7}),
    Make("stop", FrameKind::kStop, {}),
    Make("execute", FrameKind::kExecute, {.call_id = 12, .session = 3},
         "\x4a\x04"
         "pass"),
    Make("try_import", FrameKind::kTryImport, {.call_id = 13}, "\x4a\x04math"),
    Make("open_interpreter", FrameKind::kOpenInterpreter, {.interpreter = 258},
         "\x08\x4d"),
    Make("cancel_in_interpreter", FrameKind::kCancel,
         {.call_id = 7, .interpreter = 2}),
    Make("close_interpreter", FrameKind::kCloseInterpreter, {.interpreter = 2}),
    Make("interpreter_closed", FrameKind::kInterpreterClosed,
         {.flags = kFrameRetire, .interpreter = 2}),
};

class GoldenFrameTest : public ::testing::TestWithParam<Golden> {};

TEST_P(GoldenFrameTest, IsWrittenByteForByte) {
  const EncodedFrameHeader header = EncodeFrameHeader(GetParam().header);
  EXPECT_EQ(std::string(header.data(), header.size()) + GetParam().payload,
            GoldenFrame(GetParam().name));
}

TEST_P(GoldenFrameTest, IsReadFieldByField) {
  const std::string bytes = GoldenFrame(GetParam().name);
  ASSERT_GE(bytes.size(), kFrameHeaderBytes);
  const Result<FrameHeader> header =
      DecodeFrameHeader(bytes.data(), kDefaultMaxPayloadBytes);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(*header, GetParam().header);
  EXPECT_EQ(bytes.substr(kFrameHeaderBytes), GetParam().payload);
}

INSTANTIATE_TEST_SUITE_P(Table, GoldenFrameTest, ::testing::ValuesIn(kGolden),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace envknit
