#ifndef ENVKNIT_SERVER_RUNTIME_CALL_REQUEST_H_
#define ENVKNIT_SERVER_RUNTIME_CALL_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "server/runtime/failure.h"

namespace envknit {

// As enum Want.
enum class Want : uint32_t {
  kUnspecified = 0,
  kAuto = 1,
  kValue = 2,
  kHandle = 3,
  kTensor = 4,
  kStr = 5,
  kJson = 6,
  kNone = 7,
};

// The message Target. Views into the request.
struct TargetView {
  // Exactly one of the two.
  std::optional<std::string_view> module;
  std::optional<std::string_view> handle;
  std::string_view path;

  struct Step {
    bool is_attr;
    // An attribute's name, or a Value message.
    std::string_view bytes;
  };
  std::vector<Step> steps;
};

// Reads a message Target; a root is not required.
std::optional<Failure> ParseTarget(std::string_view message,
                                   TargetView& target);

// The fields of a CallRequest or GetAttrRequest that the worker needs. Values
// are still messages. Views into the request.
struct CallRequestView {
  TargetView target;
  Want want = Want::kUnspecified;
  std::vector<std::string_view> args;
  // Name and Value message.
  std::vector<std::pair<std::string_view, std::string_view>> kwargs;
  std::optional<std::string_view> json_args;
  std::optional<std::string_view> json_kwargs;

  // Empties it, keeping the memory of the lists.
  void Clear();
};

// Reads a CallRequest or a GetAttrRequest. nullopt: `view` is filled; otherwise
// what is wrong with the request.
std::optional<Failure> ParseCallRequest(std::string_view payload,
                                        CallRequestView& view);

// The module's name in an ImportRequest.
std::optional<Failure> ParseImportRequest(std::string_view payload,
                                          std::string_view& module);

// Handles a ReleaseRequest names.
struct ReleaseView {
  uint64_t epoch = 0;
  std::vector<uint64_t> ids;
  // First id and count.
  std::vector<std::pair<uint64_t, uint32_t>> ranges;
};
std::optional<Failure> ParseReleaseRequest(std::string_view payload,
                                           ReleaseView& view);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CALL_REQUEST_H_
