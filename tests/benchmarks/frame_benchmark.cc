// What a frame costs on its way between daemon and worker: its header, cutting
// it out of a stream, and a round trip over a socketpair between two threads.
// The raw round trip (the same system calls on the same number of bytes, no
// frames) is the floor of the framed one.

#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "server/frame/blocking_io.h"
#include "server/frame/frame_header.h"
#include "server/frame/frame_reader.h"

namespace envknit {
namespace {

// A call with two floats has about so many bytes.
constexpr std::size_t kSmallPayload = 64;

FrameHeader CallHeader(std::size_t payload) {
  FrameHeader header;
  header.kind = FrameKind::kCall;
  header.length = static_cast<uint32_t>(payload);
  header.call_id = 123456;
  header.session = 7;
  return header;
}

void EncodeAndDecodeHeader(benchmark::State& state) {
  FrameHeader header = CallHeader(kSmallPayload);
  for (auto _ : state) {
    ++header.call_id;
    EncodedFrameHeader bytes = EncodeFrameHeader(header);
    benchmark::DoNotOptimize(bytes);
    auto decoded = DecodeFrameHeader(bytes.data(), kDefaultMaxPayloadBytes);
    benchmark::DoNotOptimize(decoded);
  }
}
BENCHMARK(EncodeAndDecodeHeader);

void CutFrameOutOfStream(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const EncodedFrameHeader header = EncodeFrameHeader(CallHeader(size));
  const std::string stream =
      std::string(header.data(), header.size()) + std::string(size, 'x');
  FrameReader reader(kDefaultMaxPayloadBytes);
  Frame frame;
  for (auto _ : state) {
    // As reads would bring it: a buffer at a time, until the frame is whole.
    std::string_view rest = stream;
    Result<bool> whole = false;
    while (whole.ok() && !*whole && !rest.empty()) {
      const std::string_view piece =
          rest.substr(0, FrameReader::kDefaultBufferBytes);
      rest.remove_prefix(piece.size());
      if (!reader.Feed(piece).ok()) break;
      whole = reader.Next(frame);
    }
    if (!whole.ok() || !*whole) {
      state.SkipWithError("no frame came out");
      break;
    }
    benchmark::DoNotOptimize(frame.payload.data());
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(stream.size()));
}
BENCHMARK(CutFrameOutOfStream)->Arg(kSmallPayload)->Arg(1 << 20);

// Two connected sockets; the far one belongs to the thread that answers.
class SocketPair final {
 public:
  SocketPair() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) != 0) {
      std::abort();
    }
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    close(ends_[0]);
    close(ends_[1]);
  }

  int near_end() const { return ends_[0]; }
  int far_end() const { return ends_[1]; }
  // The answering thread reads the end of the stream.
  void Finish() { shutdown(ends_[0], SHUT_RDWR); }

 private:
  int ends_[2] = {-1, -1};
};

void FramedRoundTrip(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  SocketPair sockets;
  std::thread answering([fd = sockets.far_end()] {
    FrameReader reader(kDefaultMaxPayloadBytes);
    while (true) {
      auto frame = ReadFrame(fd, reader);
      if (!frame.ok() || !frame->has_value()) return;
      Frame& request = **frame;
      request.header.kind = FrameKind::kReply;
      if (!WriteFrame(fd, request.header, request.payload).ok()) return;
    }
  });
  FrameReader reader(kDefaultMaxPayloadBytes);
  FrameHeader header = CallHeader(payload.size());
  for (auto _ : state) {
    ++header.call_id;
    if (!WriteFrame(sockets.near_end(), header, payload).ok()) break;
    auto reply = ReadFrame(sockets.near_end(), reader);
    if (!reply.ok() || !reply->has_value()) break;
    benchmark::DoNotOptimize((*reply)->payload.data());
  }
  sockets.Finish();
  answering.join();
}
BENCHMARK(FramedRoundTrip)->Arg(kSmallPayload)->Arg(1 << 20)->UseRealTime();

void RawRoundTrip(benchmark::State& state) {
  const std::size_t size =
      kFrameHeaderBytes + static_cast<std::size_t>(state.range(0));
  SocketPair sockets;
  std::thread answering([fd = sockets.far_end(), size] {
    std::string bytes(size, ' ');
    while (recv(fd, bytes.data(), size, MSG_WAITALL) ==
               static_cast<ssize_t>(size) &&
           send(fd, bytes.data(), size, MSG_NOSIGNAL) > 0) {
    }
  });
  std::string bytes(size, 'x');
  for (auto _ : state) {
    if (send(sockets.near_end(), bytes.data(), size, MSG_NOSIGNAL) < 0) break;
    if (recv(sockets.near_end(), bytes.data(), size, MSG_WAITALL) <= 0) break;
    benchmark::DoNotOptimize(bytes.data());
  }
  sockets.Finish();
  answering.join();
}
BENCHMARK(RawRoundTrip)->Arg(kSmallPayload)->Arg(1 << 20)->UseRealTime();

}  // namespace
}  // namespace envknit
