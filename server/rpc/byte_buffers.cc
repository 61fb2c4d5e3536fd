#include "server/rpc/byte_buffers.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace envknit {
namespace {

// Up to here one copy is cheaper than a second piece for the transport.
constexpr std::size_t kCopyBelow = 4096;

absl::string_view View(const grpc::Slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(slice.begin()),
                           slice.size());
}

grpc::Slice ToSlice(std::string bytes) {
  if (bytes.size() <= kCopyBelow) {
    return grpc::Slice(bytes.data(), bytes.size());
  }
  auto* owned = new std::string(std::move(bytes));
  return grpc::Slice(
      owned->data(), owned->size(),
      [](void* string) { delete static_cast<std::string*>(string); }, owned);
}

}  // namespace

ReceivedChunks::ReceivedChunks(const grpc::ByteBuffer& message) {
  grpc::Slice whole;
  if (message.TrySingleSlice(&whole).ok()) {
    slices_.push_back(std::move(whole));
  } else if (!message.Dump(&slices_).ok()) {
    slices_.clear();
  }
  chunks_.reserve(slices_.size());
  for (const grpc::Slice& slice : slices_) chunks_.push_back(View(slice));
}

std::string Flatten(const grpc::ByteBuffer& message) {
  std::string flat;
  flat.reserve(message.Length());
  const ReceivedChunks received(message);
  for (const absl::string_view chunk : received.chunks()) {
    flat.append(chunk.data(), chunk.size());
  }
  return flat;
}

grpc::ByteBuffer JoinForSending(std::string first, std::string second) {
  if (first.size() + second.size() > kCopyBelow) {
    const grpc::Slice slices[] = {ToSlice(std::move(first)),
                                  ToSlice(std::move(second))};
    return grpc::ByteBuffer(slices, 2);
  }
  grpc::Slice slice(first.size() + second.size());
  // A slice is made to be filled by whoever made it, though its interface
  // shows only const bytes.
  auto* bytes = const_cast<uint8_t*>(slice.begin());
  first.copy(reinterpret_cast<char*>(bytes), first.size());
  second.copy(reinterpret_cast<char*>(bytes + first.size()), second.size());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace envknit
