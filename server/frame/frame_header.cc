#include "server/frame/frame_header.h"

#include <bit>
#include <cstring>

namespace envknit {
namespace {

static_assert(std::endian::native == std::endian::little,
              "fields are copied as they are; the wire is little endian");

// Offsets of protos/README.md.
constexpr std::size_t kLength = 0;
constexpr std::size_t kVersion = 4;
constexpr std::size_t kKind = 5;
constexpr std::size_t kFlags = 6;
constexpr std::size_t kCarrier = 8;
constexpr std::size_t kExecutionUs = 12;
constexpr std::size_t kCallId = 16;
constexpr std::size_t kSession = 24;
constexpr std::size_t kFirstHandle = 32;
constexpr std::size_t kHandleCount = 40;
constexpr std::size_t kStatus = 44;
constexpr std::size_t kInterpreter = 46;

template <typename T>
void Store(char* bytes, std::size_t offset, T value) {
  std::memcpy(bytes + offset, &value, sizeof(value));
}

template <typename T>
T Load(const char* bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes + offset, sizeof(value));
  return value;
}

Error Invalid(std::string message) {
  return Error{StatusCode::kInvalidArgument, std::move(message)};
}

}  // namespace

std::string_view FrameKindName(FrameKind kind) {
  switch (kind) {
    case FrameKind::kImport:
      return "IMPORT";
    case FrameKind::kGetAttr:
      return "GET_ATTR";
    case FrameKind::kCall:
      return "CALL";
    case FrameKind::kRelease:
      return "RELEASE";
    case FrameKind::kEndSession:
      return "END_SESSION";
    case FrameKind::kSetAttr:
      return "SET_ATTR";
    case FrameKind::kDelAttr:
      return "DEL_ATTR";
    case FrameKind::kFetch:
      return "FETCH";
    case FrameKind::kPut:
      return "PUT";
    case FrameKind::kNext:
      return "NEXT";
    case FrameKind::kDescribe:
      return "DESCRIBE";
    case FrameKind::kExecute:
      return "EXECUTE";
    case FrameKind::kTryImport:
      return "TRY_IMPORT";
    case FrameKind::kReply:
      return "REPLY";
    case FrameKind::kHello:
      return "HELLO";
    case FrameKind::kConfigure:
      return "CONFIGURE";
    case FrameKind::kReady:
      return "READY";
    case FrameKind::kStartFailed:
      return "START_FAILED";
    case FrameKind::kPing:
      return "PING";
    case FrameKind::kPong:
      return "PONG";
    case FrameKind::kCancel:
      return "CANCEL";
    case FrameKind::kStop:
      return "STOP";
    case FrameKind::kOpenInterpreter:
      return "OPEN_INTERPRETER";
    case FrameKind::kCloseInterpreter:
      return "CLOSE_INTERPRETER";
    case FrameKind::kInterpreterClosed:
      return "INTERPRETER_CLOSED";
  }
  return "UNKNOWN";
}

bool IsKnownFrameKind(uint8_t kind) {
  return FrameKindName(static_cast<FrameKind>(kind)) != "UNKNOWN";
}

EncodedFrameHeader EncodeFrameHeader(const FrameHeader& header) {
  EncodedFrameHeader bytes = {};
  char* const out = bytes.data();
  Store(out, kLength, header.length);
  Store(out, kVersion, kFrameVersion);
  Store(out, kKind, header.kind);
  Store(out, kFlags, header.flags);
  Store(out, kCarrier, header.carrier);
  Store(out, kExecutionUs, header.execution_us);
  Store(out, kCallId, header.call_id);
  Store(out, kSession, header.session);
  Store(out, kFirstHandle, header.first_handle);
  Store(out, kHandleCount, header.handle_count);
  Store(out, kStatus, header.status);
  Store(out, kInterpreter, header.interpreter);
  return bytes;
}

Result<FrameHeader> DecodeFrameHeader(const char* bytes,
                                      std::size_t max_payload) {
  const auto version = Load<uint8_t>(bytes, kVersion);
  if (version != kFrameVersion) {
    return Invalid("frame of version " + std::to_string(version) + ", not " +
                   std::to_string(kFrameVersion));
  }
  const auto kind = Load<uint8_t>(bytes, kKind);
  if (!IsKnownFrameKind(kind)) {
    return Invalid("frame of unknown kind " + std::to_string(kind));
  }
  const auto status = Load<uint8_t>(bytes, kStatus);
  if (status > kLastStatusCode) {
    return Invalid("frame with unknown status " + std::to_string(status));
  }
  FrameHeader header;
  header.length = Load<uint32_t>(bytes, kLength);
  if (header.length > max_payload) {
    return Invalid("frame of " + std::to_string(header.length) +
                   " bytes, over the limit of " + std::to_string(max_payload));
  }
  header.kind = static_cast<FrameKind>(kind);
  header.flags = Load<uint16_t>(bytes, kFlags);
  header.carrier = Load<uint32_t>(bytes, kCarrier);
  header.execution_us = Load<uint32_t>(bytes, kExecutionUs);
  header.call_id = Load<uint64_t>(bytes, kCallId);
  header.session = Load<uint64_t>(bytes, kSession);
  header.first_handle = Load<uint64_t>(bytes, kFirstHandle);
  header.handle_count = Load<uint32_t>(bytes, kHandleCount);
  header.status = static_cast<StatusCode>(status);
  header.interpreter = Load<uint16_t>(bytes, kInterpreter);
  return header;
}

}  // namespace envknit
