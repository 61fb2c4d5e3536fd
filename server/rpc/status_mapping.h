#ifndef ENVKNIT_SERVER_RPC_STATUS_MAPPING_H_
#define ENVKNIT_SERVER_RPC_STATUS_MAPPING_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace envknit {

inline constexpr absl::string_view kErrorDomain = "envknit";

// The one mapping from our errors to what clients see: code, message, and in
// the details exactly one google.rpc.ErrorInfo of domain "envknit" with the
// reason and metadata of server/base (an error without a reason is a fault of
// ours and becomes INTERNAL), plus a RetryInfo if it says when to try again.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The same as the status of a unary call. It travels in HTTP/2 trailers, which
// clients refuse beyond 8 KiB, so long texts are cut: the message at its end,
// metadata at its beginning.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_STATUS_MAPPING_H_
