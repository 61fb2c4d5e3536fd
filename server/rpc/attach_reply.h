#ifndef ENVKNIT_SERVER_RPC_ATTACH_REPLY_H_
#define ENVKNIT_SERVER_RPC_ATTACH_REPLY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/byte_buffer.h"

#include "envknit/call.h"
#include "envknit/v1/calls.pb.h"

namespace envknit {

// The messages of an Attach stream to its client, serialized
// (protos/envknit/v1/attach.proto). The one that carries a result is written by
// hand: it is the hot path, and a large body must not be copied into a message
// object.

// The reply to a call: `status` (the client's view of result.status) decides
// between body and error.
grpc::ByteBuffer EncodeCallReply(uint64_t call_id, const absl::Status& status,
                                 CallResult result);

grpc::ByteBuffer EncodeErrorReply(uint64_t call_id, const absl::Status& error);

// A reply that only says "done".
grpc::ByteBuffer EncodeEmptyReply(uint64_t call_id);

grpc::ByteBuffer EncodeOpenedReply(uint64_t call_id, const std::string& session,
                                   const v1::WorkerDescription& worker);

grpc::ByteBuffer EncodeHello(uint32_t carrier, const std::string& instance,
                             uint64_t max_body_bytes);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ATTACH_REPLY_H_
