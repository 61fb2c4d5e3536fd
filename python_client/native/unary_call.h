// One unary RPC without generated code.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_UNARY_CALL_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_UNARY_CALL_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace envknit::native {

// How it ended, as gRPC and the server told it.
struct UnaryReply {
  // `interrupted` said so; there is no status then.
  bool interrupted = false;
  // As in google.rpc.Code; 0 for success.
  int code = 0;
  std::string message;
  // Serialized google.rpc.Status, if the server sent one.
  std::string details;
  std::string response;
};

// Sends `request` to `method` ("/package.Service/Method") and waits for the
// response until `deadline`. `interrupted` is asked at least every 100 ms, on
// this thread; the RPC is cancelled then. Any number of threads may do so on
// one channel.
UnaryReply CallUnary(const std::shared_ptr<grpc::Channel>& channel,
                     const std::string& method, const std::string& request,
                     std::chrono::steady_clock::time_point deadline,
                     const std::function<bool()>& interrupted);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_UNARY_CALL_H_
