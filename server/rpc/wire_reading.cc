#include "server/rpc/wire_reading.h"

#include <algorithm>
#include <exception>

#include "absl/strings/str_cat.h"
#include "protozero/pbf_reader.hpp"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

constexpr int64_t kMaxSeconds = 315576000000;
constexpr int32_t kMaxNanos = 999999999;

}  // namespace

absl::Status MalformedField(absl::string_view field, absl::string_view why) {
  return MakeError(ErrorReason::kInvalidRequest,
                   absl::StrCat("malformed request: ", field, ": ", why),
                   {{"field", std::string(field)}});
}

absl::Status MakeMessageTooLarge(std::size_t bytes, std::size_t limit) {
  return MakeError(
      ErrorReason::kLimitExceeded,
      absl::StrCat("the request has ", bytes, " bytes, and the limit is ",
                   limit),
      {{"limit", absl::StrCat(limit)}, {"value", absl::StrCat(bytes)}});
}

absl::StatusOr<absl::Duration> ReadDuration(absl::string_view bytes,
                                            absl::string_view field) {
  int64_t seconds = 0;
  int32_t nanos = 0;
  try {
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      if (reader.tag_and_type() ==
          protozero::tag_and_type(1, protozero::pbf_wire_type::varint)) {
        seconds = reader.get_int64();
      } else if (reader.tag_and_type() ==
                 protozero::tag_and_type(2, protozero::pbf_wire_type::varint)) {
        nanos = reader.get_int32();
      } else {
        reader.skip();
      }
    }
  } catch (const std::exception& error) {
    return MalformedField(field, error.what());
  }
  const bool in_range = seconds >= -kMaxSeconds && seconds <= kMaxSeconds &&
                        nanos >= -kMaxNanos && nanos <= kMaxNanos;
  const bool same_sign =
      (seconds >= 0 && nanos >= 0) || (seconds <= 0 && nanos <= 0);
  if (!in_range || !same_sign) {
    return MalformedField(field, "not a valid duration");
  }
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

ChunkReader::ChunkReader(absl::Span<const absl::string_view> chunks)
    : chunks_(chunks) {
  for (const absl::string_view chunk : chunks_) remaining_ += chunk.size();
}

absl::string_view ChunkReader::Current() {
  while (!chunks_.empty() && offset_ == chunks_.front().size()) {
    chunks_.remove_prefix(1);
    offset_ = 0;
  }
  return chunks_.empty() ? absl::string_view()
                         : chunks_.front().substr(offset_);
}

bool ChunkReader::ReadVarint(uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const absl::string_view current = Current();
    if (current.empty()) return false;
    const auto byte = static_cast<uint8_t>(current.front());
    ++offset_;
    --remaining_;
    if (shift < 64) *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool ChunkReader::ReadBytes(std::size_t size, std::string* bytes) {
  if (size > remaining_) return false;
  bytes->reserve(bytes->size() + size);
  while (size > 0) {
    const absl::string_view piece = Current().substr(0, size);
    bytes->append(piece.data(), piece.size());
    offset_ += piece.size();
    remaining_ -= piece.size();
    size -= piece.size();
  }
  return true;
}

bool ChunkReader::ReadLength(std::size_t* length) {
  uint64_t value = 0;
  if (!ReadVarint(&value) || value > remaining_) return false;
  *length = static_cast<std::size_t>(value);
  return true;
}

bool ChunkReader::ReadDelimited(std::string* bytes) {
  std::size_t length = 0;
  if (!ReadLength(&length)) return false;
  bytes->clear();
  return ReadBytes(length, bytes);
}

bool ChunkReader::Skip(std::size_t size) {
  if (size > remaining_) return false;
  while (size > 0) {
    const std::size_t step = std::min(size, Current().size());
    offset_ += step;
    remaining_ -= step;
    size -= step;
  }
  return true;
}

bool ChunkReader::SkipValue(uint32_t wire_type) {
  uint64_t varint = 0;
  std::size_t length = 0;
  switch (wire_type) {
    case 0:
      return ReadVarint(&varint);
    case 1:
      return Skip(8);
    case 2:
      return ReadLength(&length) && Skip(length);
    case 5:
      return Skip(4);
    default:
      return false;
  }
}

}  // namespace envknit
