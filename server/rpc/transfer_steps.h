#ifndef ENVKNIT_SERVER_RPC_TRANSFER_STEPS_H_
#define ENVKNIT_SERVER_RPC_TRANSFER_STEPS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"

#include "envknit/call.h"
#include "envknit/environment.h"
#include "server/pool/session.h"
#include "server/rpc/routing.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

// The chunks of one Fetch or Put RPC: each is a call of its own in the pool,
// with the request's timeout, so that others of the session run in between. It
// knows the session they run in, and the transfer's name in the worker, and
// gives both back. Shared by the RPC's reactor and the pool's callbacks, which
// come on any thread; one step is under way at any time.
class TransferSteps final : public std::enable_shared_from_this<TransferSteps> {
 public:
  // Once for each step: the status for the client, and what came back.
  using Done = std::function<void(const absl::Status&, CallResult)>;

  // `backend` outlives it.
  TransferSteps(const RpcBackend* backend, CallKind kind,
                const grpc::CallbackServerContext& context);
  TransferSteps(const TransferSteps&) = delete;
  TransferSteps& operator=(const TransferSteps&) = delete;

  // Runs the first chunk's request, which says where: in a session, or on any
  // worker of an environment.
  void First(std::string body, Done done) ABSL_LOCKS_EXCLUDED(mu_);

  // Runs another, in the same session. Only after a step with `more`.
  void Next(std::string body, Done done) ABSL_LOCKS_EXCLUDED(mu_);

  // The serialized Handle that names the transfer; empty if it needs none.
  std::string TransferName() const;

  // What to append to a worker's response. `keeps_session`: the client is told
  // of the session that was opened for its handles.
  std::string Fields(CallResult result, bool keeps_session) const;

  // The client went away: the step is stopped.
  void Cancel() ABSL_LOCKS_EXCLUDED(mu_);
  bool is_cancelled() const ABSL_LOCKS_EXCLUDED(mu_);

  // Once, and last, with no step under way: releases what is left of the
  // transfer, and closes the session that was opened for it unless
  // `keeps_session`. `status` goes to the log.
  void End(const absl::Status& status, bool keeps_session);

 private:
  void Run(std::string body, const Done& done);
  absl::StatusOr<CallSpec> MakeSpec(std::string body) const;
  void KeepHandle(std::shared_ptr<CallHandle> handle) ABSL_LOCKS_EXCLUDED(mu_);
  void OnResult(CallResult result, const Done& done) ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  const RpcBackend* const backend_;
  const CallKind kind_;
  const std::string peer_;
  const Identity identity_;
  // When gRPC ends the RPC, on our clock.
  const absl::Time rpc_deadline_;

  // Used by one thread after the other, as steps follow each other.
  Routing routing_;
  std::shared_ptr<const Environment> environment_;
  std::shared_ptr<Session> session_;
  // It was opened for this transfer.
  bool session_is_ours_ = false;
  // 0 for none.
  uint64_t transfer_ = 0;
  Epoch epoch_ = 0;
  // Sums, for the log.
  std::size_t request_bytes_ = 0;
  std::size_t reply_bytes_ = 0;
  absl::Duration queued_;
  absl::Duration execution_;
  absl::Duration timeout_;
  int worker_pid_ = 0;

  mutable absl::Mutex mu_;
  std::shared_ptr<CallHandle> handle_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  // No step runs; a handle that comes later is not kept, since it may know the
  // callback that holds this.
  bool idle_ ABSL_GUARDED_BY(mu_) = true;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_TRANSFER_STEPS_H_
