// AttachRequest and AttachResponse as wire bytes.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ATTACH_FRAMES_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ATTACH_FRAMES_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace envknit::native {

// Which kind of AttachRequest a frame becomes.
enum class FrameKind { kCall, kCancel, kOpen, kClose };

// envknit.v1.AttachMethod.
enum class AttachMethod : uint32_t {
  kImport = 1,
  kGetAttr = 2,
  kCall = 3,
  kRelease = 4,
  kSetAttr = 5,
  kDelAttr = 6,
  kFetch = 7,
  kPut = 8,
  kNext = 9,
  kDescribe = 10,
  kExecute = 11,
  kTryImport = 12
};

// One AttachRequest before it has its call id.
struct AttachFrame {
  FrameKind kind = FrameKind::kCall;
  AttachMethod method = AttachMethod::kCall;
  uint32_t session_number = 0;
  // Not sent when zero.
  std::chrono::nanoseconds timeout{0};
  bool idempotent = false;
  // A release has call id 0.
  bool numbered = true;
  // kCancel: the call to stop.
  uint64_t target_call_id = 0;
  // kCall: the serialized request. kOpen: the serialized OpenSessionRequest.
  std::string body;
};

// Everything of the AttachRequest but the bytes of `frame.body`, which follow
// it as they are: the body is encoded without a lock, long before its call id
// is known, and never copied.
std::string EncodeHead(const AttachFrame& frame, uint64_t call_id);

// One AttachResponse; the views point into the parsed bytes.
struct AttachReply {
  enum class Kind { kNone, kBody, kError, kOpened, kHello };

  uint64_t call_id = 0;
  Kind kind = Kind::kNone;
  // kBody: the response. kError: google.rpc.Status. kOpened: AttachOpened.
  // kHello: AttachHello.
  std::string_view payload;
  // Serialized ReplyInfo; empty for none.
  std::string_view info;
  uint32_t execution_us = 0;
};

// False if the bytes are no AttachResponse.
bool ParseReply(std::string_view bytes, AttachReply* reply);

// AttachHello.max_body_bytes; 0 if it has none or the bytes are malformed.
uint64_t ParseHelloLimit(std::string_view hello);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ATTACH_FRAMES_H_
