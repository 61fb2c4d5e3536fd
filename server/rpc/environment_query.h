#ifndef ENVKNIT_SERVER_RPC_ENVIRONMENT_QUERY_H_
#define ENVKNIT_SERVER_RPC_ENVIRONMENT_QUERY_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "envknit/environment.h"

namespace envknit {

// The question that a serialized EnvironmentSelector asks. INVALID_REQUEST
// {field} when it is malformed or selects nothing.
absl::StatusOr<EnvironmentQuery> ParseEnvironmentQuery(
    absl::string_view selector);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ENVIRONMENT_QUERY_H_
