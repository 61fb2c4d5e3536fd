#ifndef ENVKNIT_SERVER_RUNTIME_TRANSFER_REQUEST_H_
#define ENVKNIT_SERVER_RUNTIME_TRANSFER_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/runtime/call_request.h"
#include "server/runtime/failure.h"

namespace envknit {

// A FetchRequest. Views into the request.
struct FetchRequestView {
  // Exactly one of the two.
  std::optional<TargetView> target;
  std::optional<std::string_view> transfer;
  // 0 for the default.
  uint64_t max_bytes = 0;
  uint64_t offset = 0;
};
std::optional<Failure> ParseFetchRequest(std::string_view payload,
                                         FetchRequestView& view);

// A PutRequest. Views into the request.
struct PutRequestView {
  uint64_t total_bytes = 0;
  uint64_t offset = 0;
  std::string_view chunk;
  // Of all but the first.
  std::optional<std::string_view> transfer;
};
std::optional<Failure> ParsePutRequest(std::string_view payload,
                                       PutRequestView& view);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_TRANSFER_REQUEST_H_
