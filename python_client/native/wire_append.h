// Appends protobuf fields to a string: for the small messages around a payload.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_APPEND_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_APPEND_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace envknit::native {

inline void AppendVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

inline void AppendVarintField(std::string* out, uint32_t field,
                              uint64_t value) {
  AppendVarint(out, field << 3);
  AppendVarint(out, value);
}

// The field's tag and length; `size` bytes must follow.
inline void AppendBytesHead(std::string* out, uint32_t field, uint64_t size) {
  AppendVarint(out, (field << 3) | 2);
  AppendVarint(out, size);
}

inline void AppendBytesField(std::string* out, uint32_t field,
                             std::string_view bytes) {
  AppendBytesHead(out, field, bytes.size());
  out->append(bytes);
}

// Left out when empty, as proto3 does with strings.
inline void AppendStringField(std::string* out, uint32_t field,
                              std::string_view text) {
  if (!text.empty()) AppendBytesField(out, field, text);
}

// A google.protobuf.Duration; left out when zero.
inline void AppendDurationField(std::string* out, uint32_t field,
                                std::chrono::nanoseconds duration) {
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  const int64_t nanos = duration.count();
  if (nanos <= 0) return;
  std::string message;
  if (nanos >= kNanosPerSecond) {
    AppendVarintField(&message, 1,
                      static_cast<uint64_t>(nanos / kNanosPerSecond));
  }
  if (nanos % kNanosPerSecond != 0) {
    AppendVarintField(&message, 2,
                      static_cast<uint64_t>(nanos % kNanosPerSecond));
  }
  AppendBytesField(out, field, message);
}

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_APPEND_H_
