#include "server/runtime/transfers.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/handle_message.h"
#include "server/pyvalue/value_assembly.h"
#include "server/pyvalue/value_stream.h"
#include "server/runtime/runtime_schema.h"

namespace envknit {
namespace {

constexpr std::size_t kDefaultChunkBytes = std::size_t{1} << 20;
// What a message has beside the chunk.
constexpr std::size_t kChunkSlackBytes = 1024;

// A transfer under way is a capsule of one of these names.
constexpr char kFetchName[] = "envknit.fetch";
constexpr char kPutName[] = "envknit.put";

template <typename T>
void Destroy(PyObject* capsule) {
  delete static_cast<T*>(
      PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
}

// Empty, with a Python exception, if memory is out.
template <typename T>
PyRef Wrap(std::unique_ptr<T>& transfer, const char* name) {
  PyRef capsule =
      PyRef::Steal(PyCapsule_New(transfer.get(), name, &Destroy<T>));
  if (capsule) static_cast<void>(transfer.release());
  return capsule;
}

std::size_t ChunkBytes(uint64_t asked, std::size_t message_bytes) {
  const std::size_t most = message_bytes > 2 * kChunkSlackBytes
                               ? message_bytes - kChunkSlackBytes
                               : kChunkSlackBytes;
  return std::min<uint64_t>(asked == 0 ? kDefaultChunkBytes : asked, most);
}

}  // namespace

Transfers::Transfers(const ValueLimits& limits, ObjectTable& objects,
                     NumpyTensorDecoder& tensors)
    : limits_(limits),
      objects_(objects),
      tensors_(tensors),
      decoder_(limits, &objects, &tensors) {}

PyRef Transfers::Find(std::string_view handle, const char* kind, uint64_t& id,
                      CodecError& error) {
  HandleFields fields;
  PyRef found;
  if (ReadHandle(handle, fields, error)) {
    found = PyRef::Steal(objects_.Decode(fields, error));
  }
  if (found && PyCapsule_IsValid(found.get(), kind) == 0) {
    error.Malformed("names no transfer of this kind");
    found = {};
  }
  if (!found) error.PrependField("transfer");
  id = fields.id;
  return found;
}

bool Transfers::Fetch(const FetchRequestView& request, PyObject* object,
                      ByteWriter& out, bool& more, CodecError& error) {
  namespace field = schema::fetch_response;
  // Dropped last: that may run anything.
  PyRef dropped;
  PyRef transfer;
  std::unique_ptr<ValueStream> opened;
  const ValueStream* stream = nullptr;
  uint64_t id = 0;
  if (object != nullptr) {
    opened = ValueStream::Open(object, ValueStream::Mode::kResult, limits_,
                               &objects_, error);
    if (opened == nullptr) {
      error.PrependRoot("$");
      return false;
    }
    stream = opened.get();
  } else {
    transfer = Find(*request.transfer, kFetchName, id, error);
    if (!transfer) return false;
    stream = static_cast<const ValueStream*>(
        PyCapsule_GetPointer(transfer.get(), kFetchName));
  }
  const std::size_t total = stream->size();
  if (request.offset >= total) {
    error.Malformed(
        Concat({std::to_string(request.offset), " is not inside the ",
                std::to_string(total), " bytes of the value"}));
    error.PrependField("offset");
    return false;
  }
  const auto offset = static_cast<std::size_t>(request.offset);
  const std::size_t count = std::min(
      ChunkBytes(request.max_bytes, limits_.message_bytes), total - offset);
  more = offset + count < total;
  out.VarintField(field::kTotalBytes, total);
  out.VarintField(field::kOffset, offset);
  if (opened != nullptr && more) {
    transfer = Wrap(opened, kFetchName);
    if (!transfer) return error.Python();
    WriteHandle(out, field::kTransfer, objects_.AddInternal(transfer.get()));
  }
  out.Tag(field::kChunk, ByteWriter::kBytes);
  out.Varint(count);
  for (const std::string_view piece : stream->Pieces(offset, count)) {
    out.Raw(piece.data(), piece.size());
  }
  if (!more && transfer) dropped = objects_.TakeOwn(id);
  return true;
}

bool Transfers::Put(const PutRequestView& request, PyRef& value,
                    ByteWriter& out, bool& more, CodecError& error) {
  PyRef transfer;
  uint64_t id = 0;
  std::unique_ptr<ValueAssembly> begun;
  ValueAssembly* assembly = nullptr;
  if (request.transfer) {
    transfer = Find(*request.transfer, kPutName, id, error);
    if (!transfer) return false;
    assembly = static_cast<ValueAssembly*>(
        PyCapsule_GetPointer(transfer.get(), kPutName));
  } else {
    begun = std::make_unique<ValueAssembly>(request.total_bytes, &tensors_);
    assembly = begun.get();
  }
  const auto refuse = [&](std::string_view name, uint64_t is, uint64_t right) {
    error.Malformed(
        Concat({std::to_string(is), " instead of ", std::to_string(right)}));
    error.PrependField(name);
    return false;
  };
  if (request.total_bytes != assembly->total_bytes()) {
    return refuse("total_bytes", request.total_bytes, assembly->total_bytes());
  }
  if (request.offset != assembly->received_bytes()) {
    return refuse("offset", request.offset, assembly->received_bytes());
  }
  const bool appended = assembly->Append(request.chunk, error);
  more = appended && !assembly->is_complete();
  if (more) {
    if (begun != nullptr) {
      transfer = Wrap(begun, kPutName);
      if (!transfer) return error.Python();
      WriteHandle(out, schema::put_response::kTransfer,
                  objects_.AddInternal(transfer.get()));
    }
    return true;
  }
  if (appended) value = PyRef::Steal(assembly->Finish(decoder_, error));
  if (!value && error.kind != CodecError::Kind::kPython) {
    error.PrependField("chunk");
  }
  // `transfer` still holds it.
  if (transfer) PyRef dropped = objects_.TakeOwn(id);
  return static_cast<bool>(value);
}

}  // namespace envknit
