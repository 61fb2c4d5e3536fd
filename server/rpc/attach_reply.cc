#include "server/rpc/attach_reply.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/v1/attach.pb.h"
#include "server/rpc/byte_buffers.h"
#include "server/rpc/reply_fields.h"
#include "server/rpc/status_mapping.h"

namespace envknit {
namespace {

// Keys of AttachResponse's fields: number << 3 | wire type.
constexpr char kCallIdKey = 1 << 3 | 0;
constexpr char kBodyKey = 2 << 3 | 2;
constexpr char kInfoKey = 6 << 3 | 2;
constexpr char kExecutionKey = 7 << 3 | 0;

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7F) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendNumber(char key, uint64_t value, std::string& out) {
  if (value == 0) return;
  out.push_back(key);
  AppendVarint(value, out);
}

uint64_t Microseconds(absl::Duration duration) {
  return static_cast<uint64_t>(
      std::clamp<int64_t>(absl::ToInt64Microseconds(duration), 0, UINT32_MAX));
}

// Everything but the oneof; what follows is appended to it.
std::string ReplyHead(uint64_t call_id, const CallResult& result) {
  std::string head;
  AppendNumber(kCallIdKey, call_id, head);
  AppendNumber(kExecutionKey, Microseconds(result.execution), head);
  const absl::optional<v1::ReplyInfo> info = DescribeReply(result);
  if (info.has_value()) {
    const std::string bytes = info->SerializeAsString();
    head.push_back(kInfoKey);
    AppendVarint(bytes.size(), head);
    head += bytes;
  }
  return head;
}

grpc::ByteBuffer Encode(const v1::AttachResponse& response) {
  return JoinForSending("", response.SerializeAsString());
}

}  // namespace

grpc::ByteBuffer EncodeCallReply(uint64_t call_id, const absl::Status& status,
                                 CallResult result) {
  std::string head = ReplyHead(call_id, result);
  if (!status.ok()) {
    v1::AttachResponse error;
    *error.mutable_error() = ToRpcStatus(status);
    return JoinForSending(std::move(head), error.SerializeAsString());
  }
  head.push_back(kBodyKey);
  AppendVarint(result.body.size(), head);
  return JoinForSending(std::move(head), std::move(result.body));
}

grpc::ByteBuffer EncodeErrorReply(uint64_t call_id, const absl::Status& error) {
  v1::AttachResponse response;
  response.set_call_id(call_id);
  *response.mutable_error() = ToRpcStatus(error);
  return Encode(response);
}

grpc::ByteBuffer EncodeEmptyReply(uint64_t call_id) {
  v1::AttachResponse response;
  response.set_call_id(call_id);
  return Encode(response);
}

grpc::ByteBuffer EncodeOpenedReply(uint64_t call_id, const std::string& session,
                                   const v1::WorkerDescription& worker) {
  v1::AttachResponse response;
  response.set_call_id(call_id);
  v1::OpenSessionResponse* opened =
      response.mutable_opened()->mutable_response();
  opened->set_session(session);
  *opened->mutable_worker() = worker;
  return Encode(response);
}

grpc::ByteBuffer EncodeHello(uint32_t carrier, const std::string& instance,
                             uint64_t max_body_bytes) {
  v1::AttachResponse response;
  v1::AttachHello* hello = response.mutable_hello();
  hello->set_carrier(carrier);
  hello->set_instance(instance);
  hello->set_max_body_bytes(max_body_bytes);
  return Encode(response);
}

}  // namespace envknit
