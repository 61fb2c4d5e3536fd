#ifndef ENVKNIT_SERVER_PYVALUE_BYTE_WRITER_H_
#define ENVKNIT_SERVER_PYVALUE_BYTE_WRITER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace envknit {

static_assert(std::endian::native == std::endian::little,
              "fixed-size fields are copied as they are in memory");

// Writes protobuf wire bytes into one growing buffer. A nested message gets one
// byte for its length, and is moved only if it needs more: most are shorter
// than 128 bytes, so no size is computed beforehand. Reused from call to call
// by its owner; not thread safe. Throws std::bad_alloc when memory is out.
class ByteWriter final {
 public:
  enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2 };

  ByteWriter() = default;
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;
  ~ByteWriter();

  std::size_t size() const { return static_cast<std::size_t>(end_ - data_); }
  std::string_view view() const { return {data_, size()}; }
  // Empties it; memory beyond what small messages need is given back.
  void Clear();
  // Takes back everything after the first `size` bytes.
  void Truncate(std::size_t size) { end_ = data_ + size; }

  void Tag(uint32_t field, WireType type) { Varint((field << 3) | type); }
  void Varint(uint64_t value);
  void Fixed64(uint64_t value) { Raw(&value, sizeof(value)); }
  void Raw(const void* bytes, std::size_t count) {
    Reserve(count);
    if (count != 0) std::memcpy(end_, bytes, count);
    end_ += count;
  }
  // Room for `count` bytes that the caller fills in.
  char* Append(std::size_t count) {
    Reserve(count);
    char* const start = end_;
    end_ += count;
    return start;
  }

  void VarintField(uint32_t field, uint64_t value) {
    Tag(field, kVarint);
    Varint(value);
  }
  void SignedField(uint32_t field, int64_t value) {
    VarintField(field, ZigZag(value));
  }
  void DoubleField(uint32_t field, double value) {
    Tag(field, kFixed64);
    Fixed64(std::bit_cast<uint64_t>(value));
  }
  void BytesField(uint32_t field, std::string_view bytes) {
    Tag(field, kBytes);
    Varint(bytes.size());
    Raw(bytes.data(), bytes.size());
  }
  // Leaves an empty string out, as proto3 does.
  void TextField(uint32_t field, std::string_view text) {
    if (!text.empty()) BytesField(field, text);
  }

  // Starts a length-delimited field; what is written up to Close(mark) with the
  // returned mark is its content.
  std::size_t Open(uint32_t field) {
    Tag(field, kBytes);
    Reserve(1);
    ++end_;
    return size();
  }
  void Close(std::size_t mark) {
    const std::size_t length = size() - mark;
    if (length < 128) {
      data_[mark - 1] = static_cast<char>(length);
    } else {
      CloseLong(mark, length);
    }
  }

  static uint64_t ZigZag(int64_t value) {
    return (static_cast<uint64_t>(value) << 1) ^
           static_cast<uint64_t>(value >> 63);
  }

 private:
  void Reserve(std::size_t count) {
    if (static_cast<std::size_t>(limit_ - end_) < count) Grow(count);
  }
  void Grow(std::size_t count);
  void CloseLong(std::size_t mark, std::size_t length);

  char* data_ = nullptr;
  char* end_ = nullptr;
  char* limit_ = nullptr;
};

inline void ByteWriter::Varint(uint64_t value) {
  Reserve(10);
  while (value >= 128) {
    *end_++ = static_cast<char>(value | 128);
    value >>= 7;
  }
  *end_++ = static_cast<char>(value);
}

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_BYTE_WRITER_H_
