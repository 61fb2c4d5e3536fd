#ifndef ENVKNIT_SERVER_POOL_WIRE_BYTES_H_
#define ENVKNIT_SERVER_POOL_WIRE_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "envknit/worker.h"

// The little that a pool must know of serialized messages
// (protos/envknit/v1/calls.proto, execute.proto), without linking protobuf.
namespace envknit {

// A serialized ReleaseRequest for `count` consecutive handles.
std::string EncodeRelease(Epoch epoch, uint64_t first_handle, uint32_t count);

// Whether a serialized ImportResponse holds a module description rather than
// an exception. False for bytes that are no message.
bool IsSuccessfulImport(absl::string_view response);

// A serialized TryImportRequest.
std::string EncodeTryImport(absl::string_view module);

// What a serialized TryImportResponse says.
struct TryImportReply {
  enum class Verdict { kUnknown, kLoaded, kIncompatible, kFailed };
  Verdict verdict = Verdict::kUnknown;
  // Why it isn't loaded.
  std::string reason;
};

// Verdict kUnknown for bytes that are no message or name no verdict.
TryImportReply DecodeTryImport(absl::string_view response);

// A serialized TryImportResponse with verdict CEXT_INCOMPATIBLE and no outcome.
std::string EncodeIncompatible(absl::string_view reason);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_WIRE_BYTES_H_
