#ifndef ENVKNIT_SERVER_POOL_WIRE_BYTES_H_
#define ENVKNIT_SERVER_POOL_WIRE_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "envknit/worker.h"

// The little that a pool must know of serialized messages
// (protos/envknit/v1/calls.proto), without linking protobuf.
namespace envknit {

// A serialized ReleaseRequest for `count` consecutive handles.
std::string EncodeRelease(Epoch epoch, uint64_t first_handle, uint32_t count);

// Whether a serialized ImportResponse holds a module description rather than
// an exception. False for bytes that are no message.
bool IsSuccessfulImport(absl::string_view response);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_WIRE_BYTES_H_
