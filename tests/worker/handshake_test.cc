#include "server/worker/handshake.h"

#include <string>

#include "gtest/gtest.h"
#include <protozero/pbf_writer.hpp>

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

Frame MakeFrame(FrameKind kind, std::string payload = "") {
  Frame frame;
  frame.header.kind = kind;
  frame.payload = std::move(payload);
  return frame;
}

Frame MakeHello(uint32_t protocol, int pid) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_uint32(1, protocol);
  writer.add_int32(2, pid);
  writer.add_string(3, "3.12.1");
  return MakeFrame(FrameKind::kHello, bytes);
}

ErrorReason ReasonOf(const absl::Status& status) {
  return GetErrorDetail(status).value().reason;
}

TEST(HandshakeTest, NothingButItsFramesHasAPlaceInIt) {
  for (const FrameKind kind :
       {FrameKind::kReady, FrameKind::kReply, FrameKind::kPong,
        FrameKind::kConfigure, FrameKind::kCall}) {
    Handshake handshake({}, 12);
    EXPECT_EQ(ReasonOf(handshake.OnFrame(MakeFrame(kind)).status()),
              ErrorReason::kWorkerUnavailable);
  }
  Handshake handshake({}, 12);
  ASSERT_TRUE(handshake.OnFrame(MakeHello(1, 12)).ok());
  EXPECT_EQ(ReasonOf(handshake.OnFrame(MakeHello(1, 12)).status()),
            ErrorReason::kWorkerUnavailable);
}

TEST(HandshakeTest, RefusesAnotherProcessAndAnotherVersion) {
  EXPECT_EQ(ReasonOf(Handshake({}, 12).OnFrame(MakeHello(1, 13)).status()),
            ErrorReason::kWorkerUnavailable);
  EXPECT_EQ(ReasonOf(Handshake({}, 12).OnFrame(MakeHello(2, 12)).status()),
            ErrorReason::kRuntimeNotAvailable);
}

TEST(HandshakeTest, GoesFromHelloToReady) {
  Handshake handshake({}, 12);
  EXPECT_STREQ(handshake.WaitsFor(), "HELLO");
  EXPECT_EQ(*handshake.OnFrame(MakeHello(1, 12)), Handshake::Step::kConfigure);
  EXPECT_STREQ(handshake.WaitsFor(), "READY");
  EXPECT_EQ(handshake.python(), "3.12.1");
  EXPECT_EQ(*handshake.OnFrame(MakeFrame(FrameKind::kReady)),
            Handshake::Step::kReady);
}

}  // namespace
}  // namespace envknit
