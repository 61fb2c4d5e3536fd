#ifndef ENVKNIT_SERVER_WORKER_CALL_LEDGER_H_
#define ENVKNIT_SERVER_WORKER_CALL_LEDGER_H_

#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "envknit/worker.h"
#include "server/frame/frame_header.h"

namespace envknit {

// The calls that are in a worker's channel, and what a reply must look like to
// be taken for the answer to one of them. A worker runs other people's code, so
// a reply is checked against everything known of its call before anyone sees
// it. Pure; not thread safe.
class CallLedger final {
 public:
  // A call is about to be sent. False if its id isn't above all before.
  bool Add(CallId id, uint64_t session);

  // The call added last was not sent after all.
  void RemoveLast();

  // A cancel is about to be sent; false if the call has its reply already, or
  // never was.
  bool MarkCancelled(CallId id);

  // The worker is about to be told that it ends: whatever it has not answered
  // may come back cancelled, and what is sent from now on.
  void CancelAll();

  // The reply in `frame`; its call is done. Error (INVALID_ARGUMENT): the frame
  // is no valid reply to the oldest call, and says why.
  absl::StatusOr<WorkerReply> Take(Frame frame);

  bool Empty() const { return calls_.empty(); }

 private:
  struct Call {
    CallId id;
    uint64_t session;
    bool cancelled;
  };

  // Empty if `header` is what a reply to `call` may be.
  absl::Status Check(const Frame& frame, const Call& call) const;

  // In the order sent, which is the order of replies.
  std::deque<Call> calls_;
  CallId last_id_ = 0;
  bool all_cancelled_ = false;
  // The greatest id of a handle the worker gave away: it never reuses one.
  uint64_t last_handle_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_CALL_LEDGER_H_
