#include "python_client/native/transfer_messages.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/wire_append.h"
#include "python_client/native/wire_view.h"
#include "server/pyvalue/handle_message.h"

namespace envknit::native {
namespace {

// Field numbers.
constexpr uint32_t kFetchTransfer = 11;
constexpr uint32_t kFetchOffset = 12;
constexpr uint32_t kFetchedOutcome = 1;
constexpr uint32_t kFetchedTotal = 2;
constexpr uint32_t kFetchedOffset = 3;
constexpr uint32_t kFetchedTransfer = 4;
constexpr uint32_t kFetchedChunk = 5;
constexpr uint32_t kPutTotal = 10;
constexpr uint32_t kPutOffset = 11;
constexpr uint32_t kPutChunk = 12;
constexpr uint32_t kPutTransfer = 13;
constexpr uint32_t kPutResponseTransfer = 2;
constexpr uint32_t kHandleId = 1;
constexpr uint32_t kHandleEpoch = 2;
// Of the other fields together, at most.
constexpr uint64_t kSlack = 64;

void AppendHandle(std::string* out, uint32_t field,
                  const HandleFields& handle) {
  std::string message;
  AppendVarintField(&message, kHandleId, handle.id);
  AppendVarintField(&message, kHandleEpoch, handle.epoch);
  AppendBytesField(out, field, message);
}

std::optional<HandleFields> ReadName(std::string_view message) {
  HandleFields handle;
  CodecError error;
  if (!ReadHandle(message, handle, error)) return std::nullopt;
  return handle;
}

}  // namespace

std::string EncodeFetchNext(const HandleFields& transfer, uint64_t offset,
                            uint64_t max_bytes) {
  std::string request;
  AppendVarintField(&request, kFetchMaxBytes, max_bytes);
  AppendHandle(&request, kFetchTransfer, transfer);
  AppendVarintField(&request, kFetchOffset, offset);
  return request;
}

std::string EncodePut(const ValueStream& stream, uint64_t offset,
                      uint64_t count, const HandleFields* transfer) {
  std::string request;
  request.reserve(count + kSlack);
  AppendVarintField(&request, kPutTotal, stream.size());
  AppendVarintField(&request, kPutOffset, offset);
  if (transfer != nullptr) AppendHandle(&request, kPutTransfer, *transfer);
  AppendBytesHead(&request, kPutChunk, count);
  for (const std::string_view piece : stream.Pieces(offset, count))
    request.append(piece);
  return request;
}

bool ReadFetchResponse(std::string_view response, FetchedChunk* chunk) {
  try {
    protozero::pbf_reader reader(response.data(), response.size());
    while (reader.next()) {
      switch (reader.tag()) {
        case kFetchedOutcome:
          chunk->has_outcome = true;
          reader.skip();
          break;
        case kFetchedTotal:
          chunk->total_bytes = reader.get_uint64();
          break;
        case kFetchedOffset:
          chunk->offset = reader.get_uint64();
          break;
        case kFetchedTransfer:
          chunk->transfer = ReadName(View(reader.get_view()));
          break;
        case kFetchedChunk:
          chunk->bytes = View(reader.get_view());
          break;
        default:
          reader.skip();
      }
    }
    return true;
  } catch (const protozero::exception&) {
    return false;
  }
}

std::optional<HandleFields> ReadPutTransfer(std::string_view response) {
  try {
    protozero::pbf_reader reader(response.data(), response.size());
    while (reader.next()) {
      if (reader.tag() == kPutResponseTransfer)
        return ReadName(View(reader.get_view()));
      reader.skip();
    }
  } catch (const protozero::exception&) {
    // As if there were none.
  }
  return std::nullopt;
}

}  // namespace envknit::native
