#include "server/pyvalue/value_assembly.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "server/pyvalue/tensor_layout.h"
#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

// Longer than any beginning of a tensor that is written as we write it.
constexpr std::size_t kHeadBytes = 2048;
constexpr std::size_t kMaxDimensions = 64;
constexpr uint32_t kDelimited = 2;

// Reads the beginning of a message whose rest isn't there.
class HeadReader final {
 public:
  explicit HeadReader(std::string_view bytes) : bytes_(bytes) {}

  std::size_t position() const { return at_; }

  bool Varint(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 127U) << shift;
      if (byte < 128) return true;
    }
    return false;
  }
  // A length-delimited field's number, and the length of what follows.
  bool Field(uint64_t& number, uint64_t& length) {
    uint64_t tag = 0;
    if (!Varint(tag) || (tag & 7U) != kDelimited || !Varint(length)) {
      return false;
    }
    number = tag >> 3U;
    return true;
  }
  bool Bytes(uint64_t length, std::string_view& content) {
    if (length > bytes_.size() - at_) return false;
    content = bytes_.substr(at_, static_cast<std::size_t>(length));
    at_ += content.size();
    return true;
  }

 private:
  const std::string_view bytes_;
  std::size_t at_ = 0;
};

int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1U) ^ -static_cast<int64_t>(value & 1U);
}

bool ReadPacked(std::string_view content, bool zigzag, TensorFields& tensor) {
  HeadReader reader(content);
  while (reader.position() < content.size()) {
    uint64_t value = 0;
    if (!reader.Varint(value)) return false;
    if (zigzag) {
      if (tensor.strides.size() == kMaxDimensions) return false;
      tensor.strides.push_back(UnZigZag(value));
    } else {
      if (tensor.shape.size() == kMaxDimensions) return false;
      tensor.shape.push_back(value);
    }
  }
  return true;
}

// Reads a tensor's fields up to its data, which must be the rest of `total`.
bool ReadTensorHead(HeadReader& reader, uint64_t total, TensorFields& tensor,
                    uint64_t& data_bytes) {
  namespace field = schema::tensor;
  while (true) {
    uint64_t number = 0;
    std::string_view content;
    if (!reader.Field(number, data_bytes)) return false;
    if (number == field::kInline) {
      return data_bytes == total - reader.position();
    }
    if (!reader.Bytes(data_bytes, content)) return false;
    if (number == field::kTypestr) {
      tensor.typestr = content;
    } else if (number == field::kDescr) {
      tensor.descr = content;
    } else if (number == field::kShape || number == field::kStrides) {
      if (!ReadPacked(content, number == field::kStrides, tensor)) return false;
    } else {
      return false;
    }
  }
}

// Reads the fields of a bytearray up to its bytes, which must be the rest.
bool ReadBytearrayHead(HeadReader& reader, uint64_t total, uint64_t& length) {
  namespace field = schema::ext;
  uint64_t number = 0;
  std::string_view type;
  return reader.Field(number, length) && number == field::kType &&
         reader.Bytes(length, type) && type == field::kBytearray &&
         reader.Field(number, length) && number == field::kFields &&
         length == total - reader.position() && reader.Field(number, length) &&
         number == schema::value::kBytes && length == total - reader.position();
}

}  // namespace

ValueAssembly::ValueAssembly(uint64_t total_bytes, TensorDecoder* tensors)
    : total_(total_bytes), tensors_(tensors) {}

bool ValueAssembly::Append(std::string_view piece, CodecError& error) {
  if (piece.size() > total_ - received_) {
    return error.Malformed("more bytes than total_bytes says");
  }
  received_ += piece.size();
  if (next_ != nullptr) {
    if (!piece.empty()) std::memcpy(next_, piece.data(), piece.size());
    next_ += piece.size();
    return true;
  }
  try {
    // Memory grows with the bytes that came, not with what was announced.
    collected_.append(piece);
  } catch (const std::bad_alloc&) {
    const PyGILState_STATE gil = PyGILState_Ensure();
    PyErr_NoMemory();
    PyGILState_Release(gil);
    return error.Python();
  }
  if (placed_ || collected_.size() < std::min<uint64_t>(total_, kHeadBytes)) {
    return true;
  }
  placed_ = true;
  return Place(error);
}

bool ValueAssembly::Place(CodecError& error) {
  HeadReader reader(collected_);
  uint64_t number = 0;
  uint64_t length = 0;
  if (!reader.Field(number, length) || length != total_ - reader.position()) {
    return true;
  }
  if (number == schema::value::kBytes) {
    if (!MakeBytes(length, /*bytearray=*/false, error)) return false;
  } else if (number == schema::value::kExt) {
    if (!ReadBytearrayHead(reader, total_, length)) return true;
    if (!MakeBytes(length, /*bytearray=*/true, error)) return false;
  } else if (number == schema::value::kTensor) {
    TensorFields tensor;
    if (!ReadTensorHead(reader, total_, tensor, length)) return true;
    // Only its size is looked at before the bytes are there.
    tensor.data = {collected_.data(), static_cast<std::size_t>(length)};
    std::string why;
    if (!CheckTensor(tensor, why)) {
      error.Malformed(why);
      error.PrependField("tensor");
      return false;
    }
    if (!tensor.c_order && !tensor.fortran_order) return true;
    const TensorRoom room = tensors_->Allocate(tensor, error);
    if (room.tensor == nullptr) return error.kind == CodecError::Kind::kNone;
    object_ = PyRef::Steal(room.tensor);
    next_ = room.data;
  } else {
    return true;
  }
  if (!object_) return true;
  const std::string_view rest =
      std::string_view(collected_).substr(reader.position());
  if (next_ != nullptr && !rest.empty()) {
    std::memcpy(next_, rest.data(), rest.size());
    next_ += rest.size();
  }
  collected_ = {};
  return true;
}

bool ValueAssembly::MakeBytes(uint64_t length, bool bytearray,
                              CodecError& error) {
  // Objects of a byte or none may be shared.
  if (length < 2 || length > static_cast<uint64_t>(PY_SSIZE_T_MAX)) return true;
  const auto size = static_cast<Py_ssize_t>(length);
  object_ =
      PyRef::Steal(bytearray ? PyByteArray_FromStringAndSize(nullptr, size)
                             : PyBytes_FromStringAndSize(nullptr, size));
  if (!object_) return error.Python();
  next_ = bytearray ? PyByteArray_AS_STRING(object_.get())
                    : PyBytes_AS_STRING(object_.get());
  return true;
}

PyObject* ValueAssembly::Finish(ValueDecoder& decoder, CodecError& error) {
  if (object_) return object_.release();
  decoder.BeginMessage();
  PyObject* const object = decoder.Decode(collected_, error);
  collected_ = {};
  return object;
}

}  // namespace envknit
