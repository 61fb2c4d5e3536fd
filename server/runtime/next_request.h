#ifndef ENVKNIT_SERVER_RUNTIME_NEXT_REQUEST_H_
#define ENVKNIT_SERVER_RUNTIME_NEXT_REQUEST_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/runtime/call_request.h"
#include "server/runtime/failure.h"

namespace envknit {

// The fields of a NextRequest that the worker needs, with the defaults of those
// that are not there. Views into the request.
struct NextRequestView {
  TargetView target;
  bool begin = false;
  uint32_t max_items = 1;
  uint64_t max_bytes = uint64_t{1} << 20;
  std::optional<std::chrono::nanoseconds> max_time;
};

// Reads a NextRequest. nullopt: `view`, new before, is filled; otherwise what
// is wrong with the request.
std::optional<Failure> ParseNextRequest(std::string_view payload,
                                        NextRequestView& view);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_NEXT_REQUEST_H_
