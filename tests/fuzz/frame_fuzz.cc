#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/frame/frame_header.h"
#include "server/frame/frame_reader.h"
#include "tests/fuzz/fuzz_check.h"

// A stream of bytes as frames: how it is cut into reads changes nothing, an
// error stays, and a header that is read can be written again.
namespace envknit {
namespace {

constexpr std::size_t kMaxPayload = 4096;

struct Cut {
  std::vector<Frame> frames;
  bool failed = false;
  bool inside_frame = false;
};

Cut ReadInPieces(std::string_view stream, std::size_t piece,
                 std::size_t buffer_bytes) {
  Cut cut;
  FrameReader reader(kMaxPayload, buffer_bytes);
  while (!stream.empty() && !cut.failed) {
    const std::string_view some = stream.substr(0, piece);
    stream.remove_prefix(some.size());
    cut.failed = !reader.Feed(some).ok();
    while (!cut.failed) {
      Frame frame;
      const Result<bool> next = reader.Next(frame);
      if (!next.ok()) cut.failed = true;
      if (cut.failed || !*next) break;
      FuzzCheck(frame.payload.size() == frame.header.length,
                "a payload is as long as its header says");
      FuzzCheck(frame.header.length <= kMaxPayload, "a payload has a limit");
      cut.frames.push_back(std::move(frame));
    }
  }
  if (cut.failed) {
    Frame frame;
    FuzzCheck(!reader.Next(frame).ok(), "a broken stream stays broken");
  } else {
    cut.inside_frame = reader.InsideFrame();
  }
  return cut;
}

void CheckHeader(std::string_view bytes) {
  const Result<FrameHeader> header =
      DecodeFrameHeader(bytes.data(), kMaxPayload);
  if (!header.ok()) return;
  const EncodedFrameHeader again = EncodeFrameHeader(*header);
  const Result<FrameHeader> reread =
      DecodeFrameHeader(again.data(), kMaxPayload);
  FuzzCheck(reread.ok() && *reread == *header, "a header survives its writing");
}

void Run(std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  if (input.size() >= kFrameHeaderBytes) CheckHeader(input);
  const Cut whole =
      ReadInPieces(input, input.size() + 1, FrameReader::kDefaultBufferBytes);
  const Cut pieces = ReadInPieces(input, std::size_t{choice % 64U} + 1,
                                  64 + std::size_t{choice} * 4);
  FuzzCheck(whole.failed == pieces.failed &&
                whole.inside_frame == pieces.inside_frame,
            "a stream is as good in pieces as whole");
  FuzzCheck(std::equal(whole.frames.begin(), whole.frames.end(),
                       pieces.frames.begin(), pieces.frames.end(),
                       [](const Frame& a, const Frame& b) {
                         return a.header == b.header && a.payload == b.payload;
                       }),
            "frames are the same in pieces as whole");
}

}  // namespace
}  // namespace envknit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  envknit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
