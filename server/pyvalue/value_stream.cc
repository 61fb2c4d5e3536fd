#include "server/pyvalue/value_stream.h"

#include <cstdint>
#include <limits>

#include "server/pyvalue/tensor_source.h"
#include "server/pyvalue/value_encoder.h"
#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

// Half of what there is, so that sums don't overflow.
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max() / 2;

// Whether the encoder would write the elements of an object as a tensor.
bool IsTensor(PyObject* object) {
  const TensorSource source = TensorSourceOf(object);
  return source == TensorSource::kArray || source == TensorSource::kExporter;
}

// `message` without the tag and length of its only field.
std::string_view ContentOf(std::string_view message) {
  std::size_t at = 1;
  while (static_cast<unsigned char>(message[at]) >= 128) ++at;
  return message.substr(at + 1);
}

}  // namespace

std::unique_ptr<ValueStream> ValueStream::Open(PyObject* object, Mode mode,
                                               const ValueLimits& limits,
                                               HandleEncoder* handles,
                                               CodecError& error) {
  std::unique_ptr<ValueStream> stream(new ValueStream());
  bool ok = true;
  if (PyBytes_CheckExact(object)) {
    stream->OpenBytes(object);
  } else if (PyByteArray_CheckExact(object)) {
    ok = stream->OpenBytearray(object, error);
  } else if (IsTensor(object)) {
    ok = stream->OpenTensor(object, error);
  } else {
    ok = stream->Encode(object, mode, limits, handles, error);
  }
  if (!ok) return nullptr;
  return stream;
}

void ValueStream::OpenBytes(PyObject* bytes) {
  bytes_ = PyRef::Borrow(bytes);
  body_ = {PyBytes_AS_STRING(bytes),
           static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
  owned_.Tag(schema::value::kBytes, ByteWriter::kBytes);
  owned_.Varint(body_.size());
  head_ = owned_.view();
}

bool ValueStream::OpenBytearray(PyObject* object, CodecError& error) {
  // While the buffer is held, nobody resizes it.
  if (!tensor_.Open(object, error)) return false;
  body_ = {tensor_.data(), tensor_.bytes()};
  // From the inside out: each length counts what it encloses.
  ByteWriter value;
  value.Tag(schema::value::kBytes, ByteWriter::kBytes);
  value.Varint(body_.size());
  ByteWriter ext;
  ext.TextField(schema::ext::kType, schema::ext::kBytearray);
  ext.Tag(schema::ext::kFields, ByteWriter::kBytes);
  ext.Varint(value.size() + body_.size());
  ext.Raw(value.view().data(), value.size());
  owned_.Tag(schema::value::kExt, ByteWriter::kBytes);
  owned_.Varint(ext.size() + body_.size());
  owned_.Raw(ext.view().data(), ext.size());
  head_ = owned_.view();
  return true;
}

bool ValueStream::OpenTensor(PyObject* object, CodecError& error) {
  if (!tensor_.Open(object, error)) return false;
  ByteWriter head;
  tensor_.WriteHead(head);
  owned_.Tag(schema::value::kTensor, ByteWriter::kBytes);
  owned_.Varint(head.size() + tensor_.bytes());
  owned_.Raw(head.view().data(), head.size());
  if (tensor_.is_contiguous()) {
    body_ = {tensor_.data(), tensor_.bytes()};
  } else if (!tensor_.CopyTo(owned_.Append(tensor_.bytes()))) {
    return error.Python();
  }
  head_ = owned_.view();
  return true;
}

bool ValueStream::Encode(PyObject* object, Mode mode, const ValueLimits& limits,
                         HandleEncoder* handles, CodecError& error) {
  ValueLimits unlimited = limits;
  unlimited.message_bytes = unlimited.auto_bytes = kNoLimit;
  ValueEncoder encoder(unlimited, handles);
  encoder.BeginMessage();
  constexpr uint32_t kAnyField = 1;
  const bool ok =
      mode == Mode::kResult
          ? encoder.EncodeByValue(owned_, kAnyField, object, error)
          : encoder.EncodeArgument(owned_, kAnyField, object, error);
  if (ok) head_ = ContentOf(owned_.view());
  return ok;
}

std::array<std::string_view, 2> ValueStream::Pieces(std::size_t offset,
                                                    std::size_t count) const {
  std::string_view first;
  if (offset < head_.size()) {
    first = head_.substr(offset, count);
    offset = head_.size();
    count -= first.size();
  }
  return {first, body_.substr(offset - head_.size(), count)};
}

}  // namespace envknit
