#ifndef ENVKNIT_SERVER_RPC_ATTACH_STREAM_H_
#define ENVKNIT_SERVER_RPC_ATTACH_STREAM_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "server/rpc/attach_dispatcher.h"
#include "server/rpc/attach_sink.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

// One Attach stream: moves messages between gRPC and an AttachDispatcher. A
// reply goes from the pool's thread straight into gRPC's write, without a
// hand-off, since a wake-up costs as much as everything else here. A client
// that doesn't read its replies is not read from either, and in the end loses
// the stream, so memory is bounded. Lives until gRPC's OnDone; every method
// comes on any thread.
class AttachStream final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
      public AttachSink,
      public std::enable_shared_from_this<AttachStream> {
 public:
  // A stream whose hello is on its way. gRPC holds it; the pointer returned is
  // for those who want to end it.
  static std::shared_ptr<AttachStream> Start(
      std::shared_ptr<const RpcBackend> backend, uint32_t carrier,
      grpc::CallbackServerContext* context);

  // AttachSink:
  bool Send(grpc::ByteBuffer message) override ABSL_LOCKS_EXCLUDED(mu_);
  void ReadNext() override ABSL_LOCKS_EXCLUDED(mu_);
  void Complete(const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mu_);

  // Complete(), and stops what runs.
  void Abort(const absl::Status& status);

  // gRPC:
  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone() override;

 private:
  enum class Step { kNone, kWrite, kRead, kKill, kFinish };

  AttachStream(std::shared_ptr<const RpcBackend> backend,
               grpc::CallbackServerContext* context)
      : backend_(std::move(backend)), context_(context) {}

  // Starts whatever may be started now. One thread at a time does, without the
  // lock, and takes over what others find meanwhile: so no call into gRPC can
  // overlap with Finish, after which there must be none.
  void Advance() ABSL_LOCKS_EXCLUDED(mu_);
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Start(Step step);
  void Break() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WatchForStall() ABSL_LOCKS_EXCLUDED(mu_);
  void EndIfStalled(uint64_t sent_before) ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction.
  const std::shared_ptr<const RpcBackend> backend_;
  grpc::CallbackServerContext* const context_;
  std::shared_ptr<AttachDispatcher> dispatcher_;

  absl::Mutex mu_;
  bool advancing_ ABSL_GUARDED_BY(mu_) = false;
  bool read_wanted_ ABSL_GUARDED_BY(mu_) = true;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool watching_for_stall_ ABSL_GUARDED_BY(mu_) = false;
  // No message will reach the client any more.
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
  bool kill_wanted_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  // Set when the stream is to end once everything is sent.
  absl::optional<absl::Status> final_status_ ABSL_GUARDED_BY(mu_);
  std::deque<grpc::ByteBuffer> unsent_ ABSL_GUARDED_BY(mu_);
  // Of unsent_ and the message being written.
  int64_t unsent_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t messages_sent_ ABSL_GUARDED_BY(mu_) = 0;

  // gRPC's while a read or a write is under way; otherwise of the thread that
  // advances, or handles the request.
  grpc::ByteBuffer reading_buffer_;
  grpc::ByteBuffer writing_buffer_;
  grpc::WriteOptions write_options_;

  // gRPC's reference, dropped in OnDone.
  std::shared_ptr<AttachStream> self_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ATTACH_STREAM_H_
