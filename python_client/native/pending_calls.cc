#include "python_client/native/pending_calls.h"

namespace envknit::native {

void PendingCalls::Add(PendingCall* pending) {
  waiting_.emplace(pending->call_id, pending);
  if (pending->sink != nullptr) ++sinks_;
}

void PendingCalls::Deliver(const AttachReply& reply, ReplyBytes bytes) {
  const auto found = waiting_.find(reply.call_id);
  if (found == waiting_.end()) {
    const auto abandoned = abandoned_.find(reply.call_id);
    if (abandoned == abandoned_.end()) return;
    const Abandoned call = abandoned->second;
    abandoned_.erase(abandoned);
    handlers_.every(call.session_number, call.method, reply);
    handlers_.late(call.session_number, call.method, std::move(bytes));
    return;
  }
  PendingCall* pending = found->second;
  waiting_.erase(found);
  if (pending->session_number != 0)
    handlers_.every(pending->session_number, pending->method, reply);
  pending->reply = std::move(bytes);
  pending->done = true;
  if (pending->sink != nullptr) {
    --sinks_;
    pending->sink->Ended(pending);
  } else if (pending->parked) {
    pending->wake.notify_one();
  }
}

void PendingCalls::Abandon(PendingCall* pending) {
  const uint32_t session_number = pending->session_number;
  if (pending->done) {
    if (session_number != 0) {
      handlers_.late(session_number, pending->method,
                     std::move(pending->reply));
    }
  } else if (waiting_.erase(pending->call_id) != 0) {
    if (pending->sink != nullptr) --sinks_;
    if (session_number != 0) {
      abandoned_.emplace(pending->call_id,
                         Abandoned{session_number, pending->method});
    }
  }
}

void PendingCalls::Break() {
  for (auto& [call_id, pending] : waiting_) {
    if (pending->sink != nullptr) {
      pending->sink->Ended(pending);
    } else {
      pending->wake.notify_one();
    }
  }
  waiting_.clear();
  sinks_ = 0;
}

void PendingCalls::WakeParked() {
  for (auto& [call_id, pending] : waiting_) {
    if (pending->parked) {
      pending->wake.notify_one();
      return;
    }
  }
}

}  // namespace envknit::native
