#ifndef ENVKNIT_SERVER_FRAME_STATUS_CODE_H_
#define ENVKNIT_SERVER_FRAME_STATUS_CODE_H_

#include <cstdint>

namespace envknit {

// google.rpc.Code, for the folders that know neither gRPC nor absl.
enum class StatusCode : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

inline constexpr uint8_t kLastStatusCode = 16;

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_STATUS_CODE_H_
