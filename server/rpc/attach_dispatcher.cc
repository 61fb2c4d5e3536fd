#include "server/rpc/attach_dispatcher.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "envknit/v1/calls.pb.h"
#include "server/base/annotated_status.h"
#include "server/rpc/attach_log.h"
#include "server/rpc/attach_reply.h"
#include "server/rpc/handle_errors.h"
#include "server/rpc/routing.h"
#include "server/rpc/session_opening.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

// A release runs `__del__` methods, which are user code.
constexpr absl::Duration kReleaseTimeout = absl::Seconds(5);

absl::Status NoSuchSession(uint32_t session_number) {
  return MakeError(
      ErrorReason::kSessionNotFound,
      absl::StrCat("no session ", session_number, " is open on this stream"),
      {{"session", absl::StrCat(session_number)}});
}

}  // namespace

AttachDispatcher::AttachDispatcher(std::shared_ptr<const RpcBackend> backend,
                                   uint32_t carrier, std::string peer,
                                   std::weak_ptr<AttachSink> sink)
    : backend_(std::move(backend)),
      carrier_(carrier),
      peer_(std::move(peer)),
      identity_(backend_->peers->Identify(peer_)),
      sink_(std::move(sink)) {}

absl::Status AttachDispatcher::Handle(AttachRequestKind request) {
  if (auto* call = std::get_if<AttachCallRequest>(&request)) {
    return HandleCall(std::move(*call));
  }
  if (auto* open = std::get_if<AttachOpenRequest>(&request)) {
    return HandleOpen(std::move(*open));
  }
  if (auto* close = std::get_if<AttachCloseRequest>(&request)) {
    return HandleClose(*close);
  }
  return HandleCancel(std::get<AttachCancelRequest>(request));
}

absl::Status AttachDispatcher::HandleCall(AttachCallRequest request) {
  if (request.kind == CallKind::kRelease) {
    absl::Status released = HandleRelease(std::move(request));
    if (released.ok()) ReadNext();
    return released;
  }
  absl::Status accepted = Accept(request.call_id);
  if (!accepted.ok()) return accepted;
  const uint64_t call_id = request.call_id;
  Slot slot = FindSlot(request.session_number);
  if (slot.session != nullptr) {
    Submit(std::move(slot.session), std::move(request));
  } else {
    Answer(call_id, EncodeErrorReply(call_id, slot.problem));
  }
  ReadNext();
  return absl::OkStatus();
}

void AttachDispatcher::Submit(std::shared_ptr<Session> session,
                              AttachCallRequest request) {
  const uint64_t call_id = request.call_id;
  const auto limit = static_cast<std::size_t>(backend_->limits.message_bytes);
  if (request.body.size() > limit) {
    return Answer(
        call_id, EncodeErrorReply(
                     call_id, MakeMessageTooLarge(request.body.size(), limit)));
  }
  absl::StatusOr<CallDeadline> deadline =
      EffectiveDeadline(backend_->clock->Now(), request.timeout,
                        absl::InfiniteFuture(), backend_->deadlines);
  if (!deadline.ok()) {
    return Answer(call_id, EncodeErrorReply(call_id, deadline.status()));
  }
  CallSpec spec;
  spec.kind = request.kind;
  spec.target = ParseTarget(request.kind, request.body);
  spec.body = std::move(request.body);
  spec.deadline = deadline->deadline;
  spec.timeout = deadline->timeout;
  spec.start_timeout = session->spec().start_timeout;
  spec.idempotent = request.idempotent || IsIdempotentByNature(request.kind);
  spec.client_call_id = call_id;
  spec.carrier = carrier_;
  const CallKind kind = request.kind;
  AttachLogEntry entry;
  if (backend_->access_log->enabled()) {
    entry = AttachLogEntry{request.kind, spec.body.size(), spec.timeout};
  }
  std::shared_ptr<CallHandle> handle = session->Submit(
      std::move(spec), [self = shared_from_this(), call_id, kind, session,
                        entry](CallResult result) {
        if (self->backend_->access_log->enabled()) {
          LogAttachCall(*self->backend_->access_log, entry, *session, result,
                        self->identity_, self->peer_);
        }
        self->OnResult(call_id, kind, session, std::move(result));
      });
  bool cancel = false;
  {
    absl::MutexLock lock(&mu_);
    const auto it = calls_.find(call_id);
    if (it == calls_.end()) return;
    it->second = handle;
    cancel = cancelled_;
  }
  if (cancel && handle != nullptr) handle->Cancel();
}

void AttachDispatcher::OnResult(uint64_t call_id, CallKind kind,
                                const std::shared_ptr<Session>& session,
                                CallResult result) {
  const absl::Status status =
      ClientStatus(result, *backend_->pools, backend_->instance);
  if (kind == CallKind::kImport && status.ok()) {
    // As the unary reply has it: which worker, and why of that kind.
    v1::ImportResponse described;
    *described.mutable_worker() =
        DescribeSessionWorker(*backend_, *session, result.worker);
    result.body += described.SerializeAsString();
  }
  const Epoch epoch = result.worker.epoch;
  const uint64_t first_handle = result.first_handle;
  const uint32_t handle_count = result.handle_count;
  if (!SendToClient(EncodeCallReply(call_id, status, std::move(result))) &&
      handle_count > 0) {
    session->Undelivered(epoch, first_handle, handle_count);
  }
  Forget(call_id);
}

absl::Status AttachDispatcher::HandleRelease(AttachCallRequest request) {
  const auto limit = static_cast<std::size_t>(backend_->limits.message_bytes);
  if (request.body.size() > limit) {
    return MakeMessageTooLarge(request.body.size(), limit);
  }
  Slot slot = FindSlot(request.session_number);
  // Handles of a session that is gone are gone.
  if (slot.session == nullptr) return absl::OkStatus();
  CallSpec spec;
  spec.kind = CallKind::kRelease;
  spec.body = std::move(request.body);
  spec.timeout = kReleaseTimeout;
  spec.deadline = backend_->clock->Now() + kReleaseTimeout;
  spec.start_timeout = slot.session->spec().start_timeout;
  spec.idempotent = true;
  spec.carrier = carrier_;
  slot.session->Submit(std::move(spec), [](CallResult) {});
  return absl::OkStatus();
}

absl::Status AttachDispatcher::HandleCancel(
    const AttachCancelRequest& request) {
  std::shared_ptr<CallHandle> handle;
  {
    absl::MutexLock lock(&mu_);
    const auto it = calls_.find(request.call_id);
    if (it != calls_.end()) handle = it->second;
  }
  if (handle != nullptr) handle->Cancel();
  ReadNext();
  return absl::OkStatus();
}

absl::Status AttachDispatcher::HandleOpen(AttachOpenRequest request) {
  absl::Status accepted = Accept(request.call_id);
  if (!accepted.ok()) return accepted;
  {
    absl::MutexLock lock(&mu_);
    if (request.session_number <= last_session_number_) {
      return MalformedField("open.session_number",
                            "must be greater than every earlier one");
    }
    last_session_number_ = request.session_number;
  }
  v1::OpenSessionRequest message;
  if (!message.ParseFromString(request.request)) {
    return MalformedField("open.request", "not an OpenSessionRequest");
  }
  BeginSession(*backend_, message, identity_, /*attached=*/true,
               [self = shared_from_this(),
                request](absl::StatusOr<std::shared_ptr<Session>> opened) {
                 self->OnOpened(request, std::move(opened));
               });
  return absl::OkStatus();
}

void AttachDispatcher::OnOpened(
    const AttachOpenRequest& request,
    absl::StatusOr<std::shared_ptr<Session>> opened) {
  Slot slot;
  if (opened.ok()) {
    slot.session = *std::move(opened);
  } else {
    slot.problem = opened.status();
  }
  bool closed = false;
  {
    absl::MutexLock lock(&mu_);
    closed = closed_;
    if (!closed) sessions_[request.session_number] = slot;
  }
  if (slot.session == nullptr) {
    Answer(request.call_id, EncodeErrorReply(request.call_id, slot.problem));
  } else if (closed) {
    slot.session->Close();
    Forget(request.call_id);
  } else {
    slot.session->WhenReady(
        [self = shared_from_this(), session = slot.session,
         call_id = request.call_id](const absl::StatusOr<WorkerInfo>& worker) {
          self->OnReady(call_id, session, worker);
        });
  }
  // Calls may follow: they wait for the worker in the session.
  ReadNext();
}

void AttachDispatcher::OnReady(uint64_t call_id,
                               const std::shared_ptr<Session>& session,
                               const absl::StatusOr<WorkerInfo>& worker) {
  if (!worker.ok()) {
    return Answer(call_id, EncodeErrorReply(call_id, worker.status()));
  }
  Answer(call_id, EncodeOpenedReply(
                      call_id, session->name(),
                      DescribeSessionWorker(*backend_, *session, *worker)));
}

absl::Status AttachDispatcher::HandleClose(const AttachCloseRequest& request) {
  absl::Status accepted = Accept(request.call_id);
  if (!accepted.ok()) return accepted;
  std::shared_ptr<Session> session;
  {
    absl::MutexLock lock(&mu_);
    const auto it = sessions_.find(request.session_number);
    if (it != sessions_.end()) {
      session = std::move(it->second.session);
      sessions_.erase(it);
    }
  }
  if (session != nullptr) session->Close();
  Answer(request.call_id, EncodeEmptyReply(request.call_id));
  ReadNext();
  return absl::OkStatus();
}

absl::Status AttachDispatcher::Accept(uint64_t call_id) {
  absl::MutexLock lock(&mu_);
  if (call_id <= last_call_id_) {
    return MalformedField(
        "call_id", absl::StrCat(call_id, " is not greater than ", last_call_id_,
                                ", the last one"));
  }
  last_call_id_ = call_id;
  calls_.emplace(call_id, nullptr);
  return absl::OkStatus();
}

void AttachDispatcher::Answer(uint64_t call_id, grpc::ByteBuffer reply) {
  SendToClient(std::move(reply));
  Forget(call_id);
}

void AttachDispatcher::Forget(uint64_t call_id) {
  bool complete = false;
  {
    absl::MutexLock lock(&mu_);
    calls_.erase(call_id);
    complete = requests_ended_ && calls_.empty();
  }
  if (!complete) return;
  const std::shared_ptr<AttachSink> sink = sink_.lock();
  if (sink != nullptr) sink->Complete(absl::OkStatus());
}

AttachDispatcher::Slot AttachDispatcher::FindSlot(uint32_t session_number) {
  absl::MutexLock lock(&mu_);
  const auto it = sessions_.find(session_number);
  if (it != sessions_.end()) return it->second;
  return Slot{nullptr, NoSuchSession(session_number)};
}

void AttachDispatcher::EndOfRequests() {
  bool complete = false;
  {
    absl::MutexLock lock(&mu_);
    requests_ended_ = true;
    complete = calls_.empty();
  }
  if (!complete) return;
  const std::shared_ptr<AttachSink> sink = sink_.lock();
  if (sink != nullptr) sink->Complete(absl::OkStatus());
}

void AttachDispatcher::CancelAll() {
  std::vector<std::shared_ptr<CallHandle>> handles;
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    for (const auto& [call_id, handle] : calls_) {
      if (handle != nullptr) handles.push_back(handle);
    }
  }
  for (const std::shared_ptr<CallHandle>& handle : handles) handle->Cancel();
}

void AttachDispatcher::Close() {
  absl::flat_hash_map<uint32_t, Slot> slots;
  {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    slots.swap(sessions_);
  }
  const absl::Duration grace = backend_->limits.stream_grace;
  for (const auto& [number, slot] : slots) {
    if (slot.session == nullptr) continue;
    if (grace > absl::ZeroDuration()) {
      slot.session->CloseAfter(grace);
    } else {
      slot.session->Close();
    }
  }
}

bool AttachDispatcher::SendToClient(grpc::ByteBuffer message) {
  const std::shared_ptr<AttachSink> sink = sink_.lock();
  return sink != nullptr && sink->Send(std::move(message));
}

void AttachDispatcher::ReadNext() {
  const std::shared_ptr<AttachSink> sink = sink_.lock();
  if (sink != nullptr) sink->ReadNext();
}

}  // namespace envknit
