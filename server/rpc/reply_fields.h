#ifndef ENVKNIT_SERVER_RPC_REPLY_FIELDS_H_
#define ENVKNIT_SERVER_RPC_REPLY_FIELDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

#include "envknit/call.h"
#include "envknit/environment.h"
#include "envknit/v1/calls.pb.h"
#include "envknit/v1/outcome.pb.h"
#include "server/pool/session.h"

namespace envknit {

// What a request that chose for itself asked for, and what a session came to;
// each with its reason.
IsolationChoice IsolationAskedFor(IsolationRequest request);
IsolationChoice IsolationOf(const SessionSpec& session);

v1::WorkerDescription DescribeWorker(const WorkerInfo& worker,
                                     const Environment& environment,
                                     const IsolationChoice& isolation,
                                     absl::string_view instance);

// What a call's result says beside the worker's own bytes, times excepted;
// nullopt if that is nothing.
absl::optional<v1::ReplyInfo> DescribeReply(const CallResult& result);

// The bytes to append to a worker's serialized response of a unary RPC: `info`
// with the times, and for an Import `worker`. Protobuf merges what stands
// behind into what stands before, so nothing is parsed here.
std::string AppendedFields(CallKind kind, const CallResult& result,
                           const v1::WorkerDescription& worker = {});

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_REPLY_FIELDS_H_
