// How long the client waits for replies.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_CALL_PATIENCE_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_CALL_PATIENCE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace envknit::native {

// The server answers at a call's deadline. If it doesn't, it is asked for a
// sign of life after kCourtesy, and again, until it gives none for kSilence.
constexpr auto kCourtesy = std::chrono::milliseconds(250);
constexpr auto kSilence = std::chrono::seconds(1);
// No session has it: the server answers such a call itself, at once.
constexpr uint32_t kNoSession = 0;
// Longer timeouts are as good as none.
constexpr double kLongestTimeout = 1e8;

inline std::chrono::nanoseconds ToDuration(double seconds) {
  const auto nanos =
      static_cast<int64_t>(std::min(seconds, kLongestTimeout) * 1e9);
  // However short, it must not become none at all.
  return std::chrono::nanoseconds(seconds > 0 ? std::max<int64_t>(nanos, 1)
                                              : 0);
}

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_CALL_PATIENCE_H_
