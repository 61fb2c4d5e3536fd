#ifndef ENVKNIT_SERVER_RPC_ITERATE_CALL_H_
#define ENVKNIT_SERVER_RPC_ITERATE_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "envknit/call.h"
#include "envknit/environment.h"
#include "server/pool/session.h"
#include "server/rpc/routing.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

// One Iterate: Next in a loop, so that languages without the Python client's
// proxies have a stream. The next step is asked for when gRPC has written the
// last one, so an iterator runs no further ahead of its reader than flow
// control does. Lives from the request to gRPC's OnDone, and as long as the
// pool may still call it. Its callbacks come on any thread.
//
// Exactly one step runs, or one write is under way, at any time; whichever ends
// last after a cancellation finishes the RPC.
class IterateCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                          public std::enable_shared_from_this<IterateCall> {
 public:
  // The reactor for one request, which is read before this returns.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(
      const RpcBackend* backend, grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  // The client went away, or gRPC's deadline passed: the work is stopped.
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone() override;

 private:
  IterateCall(const RpcBackend* backend, grpc::CallbackServerContext* context);

  void Begin(const grpc::ByteBuffer& request);
  // One step with that body, in the session or, for the first one without a
  // session, in the pool of `environment_`.
  void Step(std::string body);
  absl::StatusOr<CallSpec> MakeSpec(std::string body) const;
  void KeepHandle(uint64_t step, const std::shared_ptr<CallHandle>& handle)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnResult(CallResult result) ABSL_LOCKS_EXCLUDED(mu_);
  // The session that the first step opened.
  void TakeSession(const CallResult& result);
  // Tells the iterator from the handles that are the client's.
  void TakeHandles(const CallResult& result);
  // Lets go of the iterator and of a session that nothing lives in, and
  // finishes the RPC.
  void End(const absl::Status& status);
  void Log(const absl::Status& status, const CallResult& result) const;

  // Constant after construction.
  const RpcBackend* const backend_;
  const std::string peer_;
  const Identity identity_;
  // When gRPC ends the RPC, on our clock.
  const absl::Time rpc_deadline_;

  // Used by one thread after the other, as steps and writes follow each other.
  Routing routing_;
  // The serialized bounds of each step.
  std::string bounds_;
  std::shared_ptr<const Environment> environment_;
  std::shared_ptr<Session> session_;
  bool session_is_ours_ = false;
  // Of the message that is being written: the objects among its items.
  uint64_t first_to_give_ = 0;
  uint32_t items_to_give_ = 0;
  // The client was given objects that live in the session.
  bool gave_handles_ = false;
  // 0 before the first step and after the last.
  uint64_t iterator_ = 0;
  Epoch epoch_ = 0;
  bool more_ = false;
  std::size_t request_bytes_ = 0;
  absl::Duration timeout_;
  grpc::ByteBuffer writing_;

  absl::Mutex mu_;
  std::shared_ptr<CallHandle> handle_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t last_step_ ABSL_GUARDED_BY(mu_) = 0;
  // The step that runs, 0 for none. A handle that comes after its step's result
  // is not kept: it may know the callback that holds this call.
  uint64_t running_ ABSL_GUARDED_BY(mu_) = 0;

  // gRPC's reference, dropped in OnDone.
  std::shared_ptr<IterateCall> self_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ITERATE_CALL_H_
