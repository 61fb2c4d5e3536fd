#ifndef ENVKNIT_SERVER_RPC_WIRE_READING_H_
#define ENVKNIT_SERVER_RPC_WIRE_READING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace envknit {

// A message that isn't what its type says: INVALID_REQUEST {field}.
absl::Status MalformedField(absl::string_view field, absl::string_view why);

// A message beyond the server's limit: LIMIT_EXCEEDED {limit, value}.
absl::Status MakeMessageTooLarge(std::size_t bytes, std::size_t limit);

// The google.protobuf.Duration in `bytes`; `field` names it in the error:
// INVALID_REQUEST when it is malformed or out of the range protobuf allows.
absl::StatusOr<absl::Duration> ReadDuration(absl::string_view bytes,
                                            absl::string_view field);

// Reads protobuf wire format out of pieces that are not contiguous: what gRPC
// received, as it received it. It exists so that a large body is copied once,
// from the transport's buffers into the string that goes to the worker. Bounds
// are checked; after an error nothing more may be read. Borrows the pieces.
class ChunkReader final {
 public:
  explicit ChunkReader(absl::Span<const absl::string_view> chunks);

  // Bytes not read yet.
  std::size_t remaining() const { return remaining_; }

  // False when the bytes end early or the varint has more than ten bytes.
  bool ReadVarint(uint64_t* value);

  // Appends the next `size` bytes; false if there are fewer.
  bool ReadBytes(std::size_t size, std::string* bytes);

  // Reads a length and that many bytes into `bytes`, replacing it.
  bool ReadDelimited(std::string* bytes);

  // Reads a length; false if fewer bytes follow.
  bool ReadLength(std::size_t* length);

  // Skips the value of a field of that wire type; groups aren't allowed.
  bool SkipValue(uint32_t wire_type);

 private:
  bool Skip(std::size_t size);
  // The unread part of the current piece, empty only at the end.
  absl::string_view Current();

  absl::Span<const absl::string_view> chunks_;
  std::size_t offset_ = 0;
  std::size_t remaining_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_WIRE_READING_H_
