#ifndef ENVKNIT_SERVER_RPC_ATTACH_DISPATCHER_H_
#define ENVKNIT_SERVER_RPC_ATTACH_DISPATCHER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "envknit/call.h"
#include "server/pool/session.h"
#include "server/rpc/attach_request.h"
#include "server/rpc/attach_sink.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

// What an Attach stream means: its sessions by number, its running calls by id.
// Handles requests one after the other, in the order they were written, which
// is what keeps the calls of a session in order; answers them as they complete.
// Owned by the stream, and kept by calls that run. Thread-safe, but Handle is
// called by one thread at a time, again only after AttachSink::ReadNext.
class AttachDispatcher final
    : public std::enable_shared_from_this<AttachDispatcher> {
 public:
  AttachDispatcher(std::shared_ptr<const RpcBackend> backend, uint32_t carrier,
                   std::string peer, std::weak_ptr<AttachSink> sink);

  // Starts on a request, and has the sink read the next one when it may come.
  // An error (INVALID_REQUEST) ends the stream, after which no more is read.
  absl::Status Handle(AttachRequestKind request) ABSL_LOCKS_EXCLUDED(mu_);

  // The client writes no more: the stream completes with its last reply.
  void EndOfRequests() ABSL_LOCKS_EXCLUDED(mu_);

  // Nobody will read the replies: stops all calls.
  void CancelAll() ABSL_LOCKS_EXCLUDED(mu_);

  // The stream is gone: its sessions end after the grace.
  void Close() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // A session number's session, or, without one, why it could not be opened.
  struct Slot {
    std::shared_ptr<Session> session;
    absl::Status problem;
  };

  absl::Status HandleCall(AttachCallRequest request);
  absl::Status HandleOpen(AttachOpenRequest request);
  absl::Status HandleClose(const AttachCloseRequest& request);
  absl::Status HandleCancel(const AttachCancelRequest& request);
  absl::Status HandleRelease(AttachCallRequest request);

  // Checks that `call_id` is greater than all before, and counts it as
  // unanswered.
  absl::Status Accept(uint64_t call_id) ABSL_LOCKS_EXCLUDED(mu_);
  // The last thing done for an accepted request.
  void Answer(uint64_t call_id, grpc::ByteBuffer reply);
  void Forget(uint64_t call_id) ABSL_LOCKS_EXCLUDED(mu_);

  Slot FindSlot(uint32_t session_number) ABSL_LOCKS_EXCLUDED(mu_);
  void Submit(std::shared_ptr<Session> session, AttachCallRequest request);
  void OnResult(uint64_t call_id, CallKind kind,
                const std::shared_ptr<Session>& session, CallResult result);
  void OnOpened(const AttachOpenRequest& request,
                absl::StatusOr<std::shared_ptr<Session>> opened)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnReady(uint64_t call_id, const std::shared_ptr<Session>& session,
               const absl::StatusOr<WorkerInfo>& worker);
  bool SendToClient(grpc::ByteBuffer message);
  void ReadNext();

  // Constant after construction.
  // Shared, since calls end after the server may have.
  const std::shared_ptr<const RpcBackend> backend_;
  const uint32_t carrier_;
  const std::string peer_;
  const Identity identity_;
  const std::weak_ptr<AttachSink> sink_;

  absl::Mutex mu_;
  absl::flat_hash_map<uint32_t, Slot> sessions_ ABSL_GUARDED_BY(mu_);
  // Unanswered requests; the handle is null until a call is submitted, and for
  // requests that are no calls.
  absl::flat_hash_map<uint64_t, std::shared_ptr<CallHandle>> calls_
      ABSL_GUARDED_BY(mu_);
  uint64_t last_call_id_ ABSL_GUARDED_BY(mu_) = 0;
  uint32_t last_session_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool requests_ended_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ATTACH_DISPATCHER_H_
