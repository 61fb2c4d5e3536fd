#ifndef ENVKNIT_SERVER_FRAME_FRAME_HEADER_H_
#define ENVKNIT_SERVER_FRAME_FRAME_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/frame/result.h"
#include "server/frame/status_code.h"

namespace envknit {

inline constexpr std::size_t kFrameHeaderBytes = 48;
inline constexpr uint8_t kFrameVersion = 1;

// The carrier number of the daemon itself.
inline constexpr uint32_t kDaemonCarrier = 0;

// What a payload may have beyond the message limit (Configure.limits): the
// message's envelope and the fields the two ends add.
inline constexpr std::size_t kFrameSlackBytes = 64 * 1024;
inline constexpr std::size_t kDefaultMessageBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kDefaultMaxPayloadBytes =
    kDefaultMessageBytes + kFrameSlackBytes;

// So many calls may be in a call channel at once.
inline constexpr std::size_t kMaxCallsInChannel = 8;

enum class FrameKind : uint8_t {
  kImport = 1,
  kGetAttr = 2,
  kCall = 3,
  kRelease = 4,
  kEndSession = 5,
  kSetAttr = 6,
  kDelAttr = 7,
  kFetch = 8,
  kPut = 9,
  kNext = 10,
  kDescribe = 11,
  kExecute = 12,
  kTryImport = 13,
  kReply = 32,
  kHello = 64,
  kConfigure = 65,
  kReady = 66,
  kStartFailed = 67,
  kPing = 68,
  kPong = 69,
  kCancel = 70,
  kStop = 71,
  kOpenInterpreter = 72,
  kCloseInterpreter = 73,
  kInterpreterClosed = 74,
};

bool IsKnownFrameKind(uint8_t kind);

// Name as in protos/README.md; "UNKNOWN" for others.
std::string_view FrameKindName(FrameKind kind);

// Bits of FrameHeader::flags of a REPLY.
enum FrameFlag : uint16_t {
  kFrameInterrupted = 1U << 0,
  kFrameRetire = 1U << 1,
  kFrameSkipped = 1U << 2,
  kFrameTruncated = 1U << 3,
  kFrameMore = 1U << 4,
};

// The fixed part of a frame; protos/README.md says what each field means in
// which direction. A plain value.
struct FrameHeader {
  uint32_t length = 0;
  FrameKind kind = FrameKind::kCall;
  uint16_t flags = 0;
  uint32_t carrier = kDaemonCarrier;
  uint32_t execution_us = 0;
  uint64_t call_id = 0;
  uint64_t session = 0;
  // In a request the same bytes are the deadline: use deadline_ns().
  uint64_t first_handle = 0;
  uint32_t handle_count = 0;
  StatusCode status = StatusCode::kOk;
  // Control channel of an interpreter host: which interpreter is meant, from
  // 1; 0 for the host itself and everywhere else.
  uint16_t interpreter = 0;

  // Requests: nanoseconds of CLOCK_MONOTONIC, 0 for none.
  uint64_t deadline_ns() const { return first_handle; }
  void set_deadline_ns(uint64_t ns) { first_handle = ns; }

  bool has_flag(FrameFlag flag) const { return (flags & flag) != 0; }

  bool operator==(const FrameHeader&) const = default;
};

using EncodedFrameHeader = std::array<char, kFrameHeaderBytes>;

EncodedFrameHeader EncodeFrameHeader(const FrameHeader& header);

// The header in the first 48 of `bytes` (which must be there). Error
// (kInvalidArgument): another version, an unknown kind, a status that is no
// google.rpc.Code, or a length over `max_payload`.
Result<FrameHeader> DecodeFrameHeader(const char* bytes,
                                      std::size_t max_payload);

// A whole frame.
struct Frame {
  FrameHeader header;
  std::string payload;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_FRAME_HEADER_H_
