#ifndef ENVKNIT_SERVER_RUNTIME_ATTRIBUTE_REQUEST_H_
#define ENVKNIT_SERVER_RUNTIME_ATTRIBUTE_REQUEST_H_

#include <optional>
#include <string_view>

#include "server/runtime/call_request.h"
#include "server/runtime/failure.h"

namespace envknit {

// The fields of a SetAttrRequest or DelAttrRequest that the worker needs. Views
// into the request.
struct AttributeRequestView {
  TargetView target;
  std::string_view name;
  // A Value message; SetAttr has one, DelAttr none.
  std::optional<std::string_view> value;
};

// nullopt: `view` is filled; otherwise what is wrong with the request.
std::optional<Failure> ParseSetAttrRequest(std::string_view payload,
                                           AttributeRequestView& view);
std::optional<Failure> ParseDelAttrRequest(std::string_view payload,
                                           AttributeRequestView& view);

// The fields of a DescribeRequest that the worker needs.
struct DescribeRequestView {
  TargetView target;
  bool repr = false;
};

std::optional<Failure> ParseDescribeRequest(std::string_view payload,
                                            DescribeRequestView& view);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_ATTRIBUTE_REQUEST_H_
