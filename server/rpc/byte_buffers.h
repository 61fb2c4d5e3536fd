#ifndef ENVKNIT_SERVER_RPC_BYTE_BUFFERS_H_
#define ENVKNIT_SERVER_RPC_BYTE_BUFFERS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace envknit {

// The pieces of a received message, without a copy. Keeps the message alive.
class ReceivedChunks final {
 public:
  // Empty if the buffer can't be read.
  explicit ReceivedChunks(const grpc::ByteBuffer& message);

  absl::Span<const absl::string_view> chunks() const { return chunks_; }

 private:
  std::vector<grpc::Slice> slices_;
  std::vector<absl::string_view> chunks_;
};

// A received message as one string: the one copy of a unary request.
std::string Flatten(const grpc::ByteBuffer& message);

// `first` and then `second` as one message to be sent. What is large is not
// copied: the buffer owns it.
grpc::ByteBuffer JoinForSending(std::string first, std::string second);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_BYTE_BUFFERS_H_
