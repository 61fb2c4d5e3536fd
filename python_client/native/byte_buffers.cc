#include "python_client/native/byte_buffers.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace envknit::native {
namespace {

// Bodies up to this size are copied behind their head: one slice is cheaper.
constexpr size_t kInlineBody = 1024;

}  // namespace

grpc::ByteBuffer ToByteBuffer(AttachFrame frame, uint64_t call_id) {
  std::string head = EncodeHead(frame, call_id);
  if (frame.body.size() <= kInlineBody) {
    head.append(frame.body);
    grpc::Slice slice(head);
    return grpc::ByteBuffer(&slice, 1);
  }
  auto* owned = new std::string(std::move(frame.body));
  grpc::Slice slices[] = {
      grpc::Slice(head),
      grpc::Slice(
          owned->data(), owned->size(),
          [](void* owner) { delete static_cast<std::string*>(owner); }, owned)};
  return grpc::ByteBuffer(slices, 2);
}

ReplyBytes ToReplyBytes(const grpc::ByteBuffer& buffer) {
  auto slice = std::make_shared<grpc::Slice>();
  if (!buffer.TrySingleSlice(slice.get()).ok()) {
    if (!buffer.DumpToSingleSlice(slice.get()).ok()) return {};
  }
  const std::string_view view(reinterpret_cast<const char*>(slice->begin()),
                              slice->size());
  return ReplyBytes(std::move(slice), view);
}

}  // namespace envknit::native
