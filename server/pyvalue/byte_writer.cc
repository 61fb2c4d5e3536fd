#include "server/pyvalue/byte_writer.h"

#include <cstdlib>
#include <new>

namespace envknit {
namespace {

constexpr std::size_t kFirstBytes = 4096;
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

}  // namespace

ByteWriter::~ByteWriter() { std::free(data_); }

void ByteWriter::Clear() {
  end_ = data_;
  if (static_cast<std::size_t>(limit_ - data_) > kKeptBytes) {
    std::free(data_);
    data_ = end_ = limit_ = nullptr;
  }
}

void ByteWriter::Grow(std::size_t count) {
  const std::size_t used = size();
  std::size_t room = static_cast<std::size_t>(limit_ - data_) * 2;
  if (room < kFirstBytes) room = kFirstBytes;
  if (room < used + count) room = used + count;
  auto* const grown = static_cast<char*>(std::realloc(data_, room));
  if (grown == nullptr) throw std::bad_alloc();
  data_ = grown;
  end_ = grown + used;
  limit_ = grown + room;
}

void ByteWriter::CloseLong(std::size_t mark, std::size_t length) {
  std::size_t extra = 0;
  for (std::size_t rest = length >> 7; rest != 0; rest >>= 7) ++extra;
  Reserve(extra);
  std::memmove(data_ + mark + extra, data_ + mark, length);
  end_ += extra;
  char* at = data_ + mark - 1;
  for (; extra != 0; --extra, length >>= 7) {
    *at++ = static_cast<char>(length | 128);
  }
  *at = static_cast<char>(length);
}

}  // namespace envknit
