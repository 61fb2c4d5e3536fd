// The messages of transfer.proto.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_TRANSFER_MESSAGES_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_TRANSFER_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/pyvalue/hooks.h"
#include "server/pyvalue/value_stream.h"

namespace envknit::native {

// Of a FetchRequest and PutRequest.
inline constexpr uint32_t kFetchTarget = 9;
inline constexpr uint32_t kFetchMaxBytes = 10;

// A FetchRequest for a chunk after the first.
std::string EncodeFetchNext(const HandleFields& transfer, uint64_t offset,
                            uint64_t max_bytes);

// A PutRequest with the bytes [offset, offset + count) of `stream`; `transfer`
// is null in the first.
std::string EncodePut(const ValueStream& stream, uint64_t offset,
                      uint64_t count, const HandleFields* transfer);

// A FetchResponse; the view points into it.
struct FetchedChunk {
  bool has_outcome = false;
  uint64_t total_bytes = 0;
  uint64_t offset = 0;
  std::optional<HandleFields> transfer;
  std::string_view bytes;
};

// False if it is none.
bool ReadFetchResponse(std::string_view response, FetchedChunk* chunk);

// The transfer a PutResponse names.
std::optional<HandleFields> ReadPutTransfer(std::string_view response);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_TRANSFER_MESSAGES_H_
