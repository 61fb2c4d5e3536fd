#ifndef ENVKNIT_SERVER_RUNTIME_CODE_REQUEST_H_
#define ENVKNIT_SERVER_RUNTIME_CODE_REQUEST_H_

#include <optional>
#include <string_view>

#include "server/runtime/call_request.h"
#include "server/runtime/failure.h"

namespace envknit {

// The fields of an ExecuteRequest that the worker needs.
struct ExecuteRequestView {
  // A view into the request. UTF-8 or not.
  std::string_view code;
  // kJson, kValue or kNone.
  Want want = Want::kJson;
};

// nullopt: `view` is filled; otherwise what is wrong with the request.
std::optional<Failure> ParseExecuteRequest(std::string_view payload,
                                           ExecuteRequestView& view);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CODE_REQUEST_H_
