#include "python_client/native/unary_call.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <vector>

namespace envknit::native {
namespace {

constexpr auto kSlice = std::chrono::milliseconds(100);

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

UnaryReply CallUnary(const std::shared_ptr<grpc::Channel>& channel,
                     const std::string& method, const std::string& request,
                     std::chrono::steady_clock::time_point deadline,
                     const std::function<bool()>& interrupted) {
  grpc::ClientContext context;
  const auto left = deadline - std::chrono::steady_clock::now();
  context.set_deadline(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const grpc::Slice slice(request);
  const auto call = stub.PrepareUnaryCall(&context, method,
                                          grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  void* tag = nullptr;
  call->Finish(&response, &status, &status);

  UnaryReply reply;
  bool ok = false;
  while (
      queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kSlice) ==
      grpc::CompletionQueue::TIMEOUT) {
    if (reply.interrupted || !interrupted()) continue;
    // Its end, which comes at once, is waited for: it is written to `status`.
    reply.interrupted = true;
    context.TryCancel();
  }
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  if (reply.interrupted) return reply;
  reply.code = static_cast<int>(status.error_code());
  reply.message = status.error_message();
  reply.details = status.error_details();
  if (status.ok()) reply.response = ToString(response);
  return reply;
}

}  // namespace envknit::native
