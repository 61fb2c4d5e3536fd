#include "server/runtime/call_loop.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "server/frame/blocking_io.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/output_streams.h"
#include "server/runtime/process_end.h"

namespace envknit {
namespace {

// std::chrono's steady clock is CLOCK_MONOTONIC.
using Clock = std::chrono::steady_clock;

// A payload beyond this is not kept while idle.
constexpr std::size_t kKeptPayloadBytes = std::size_t{1} << 20;

bool IsCallKind(FrameKind kind) {
  switch (kind) {
    case FrameKind::kImport:
    case FrameKind::kGetAttr:
    case FrameKind::kCall:
    case FrameKind::kRelease:
    case FrameKind::kEndSession:
    case FrameKind::kSetAttr:
    case FrameKind::kDelAttr:
    case FrameKind::kFetch:
    case FrameKind::kPut:
    case FrameKind::kNext:
    case FrameKind::kDescribe:
    case FrameKind::kExecute:
    case FrameKind::kTryImport:
      return true;
    default:
      return false;
  }
}

uint32_t Microseconds(Clock::duration duration) {
  const auto count =
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<uint32_t>(
      std::clamp<int64_t>(count, 0, static_cast<int64_t>(UINT32_MAX)));
}

}  // namespace

CallLoop::CallLoop(int call_fd, std::size_t max_payload, CallTracker& tracker,
                   Interrupts& interrupts, StatusPageWriter& page,
                   Executor& executor)
    : call_fd_(call_fd),
      reader_(max_payload),
      tracker_(tracker),
      interrupts_(interrupts),
      page_(page),
      executor_(executor),
      on_signal_([this] { return OnSignalWhileIdle(); }) {}

void CallLoop::Run() {
  Frame frame;
  while (true) {
    thread_ = PyEval_SaveThread();
    const bool read = Exchange(frame);
    PyEval_RestoreThread(thread_);
    if (!read) return;
    RunCall(frame);
    if (frame.payload.capacity() > kKeptPayloadBytes) frame.payload = {};
  }
}

bool CallLoop::Exchange(Frame& frame) {
  if (has_reply_) {
    has_reply_ = false;
    if (!WriteFrame(call_fd_, reply_, payload_.view()).ok()) return false;
    payload_.Clear();
  }
  Result<std::optional<Frame>> read = ReadFrame(call_fd_, reader_, &on_signal_);
  if (!read.ok()) {
    // What follows in the stream can't be told apart any more.
    if (read.error().code == StatusCode::kInvalidArgument) EndProcessGroup();
    return false;
  }
  if (!read->has_value()) return false;
  frame = std::move(**read);
  const FrameHeader& header = frame.header;
  if (!IsCallKind(header.kind) || header.call_id <= last_call_id_) {
    EndProcessGroup();
  }
  last_call_id_ = header.call_id;
  page_.CallRead(header.call_id);
  return true;
}

bool CallLoop::OnSignalWhileIdle() {
  PyEval_RestoreThread(thread_);
  interrupts_.RunHandlers();
  if (IsForkedChild()) EndForkedChild();
  FlushOutput();
  thread_ = PyEval_SaveThread();
  return true;
}

void CallLoop::RunCall(const Frame& frame) {
  const FrameHeader& request = frame.header;
  reply_ = {};
  reply_.kind = FrameKind::kReply;
  reply_.carrier = request.carrier;
  reply_.call_id = request.call_id;
  reply_.session = request.session;
  has_reply_ = true;

  interrupts_.Restore();
  if (!tracker_.Begin({request.carrier, request.call_id})) {
    reply_.flags = kFrameSkipped;
    page_.CallFinished(request.call_id);
    return;
  }
  interrupts_.ForgetImports();
  page_.CallStarts(request.call_id, request.carrier, request.deadline_ns());
  const Clock::time_point start = Clock::now();
  const bool by_interrupt =
      executor_.Execute(request, frame.payload, reply_, payload_);
  if (IsForkedChild()) EndForkedChild();
  FlushOutput();
  reply_.execution_us = Microseconds(Clock::now() - start);
  if (tracker_.End()) {
    interrupts_.Drain();
    executor_.CallWasInterrupted();
    if (by_interrupt) reply_.flags |= kFrameInterrupted;
  } else {
    interrupts_.RunHandlers();
  }
  if (interrupts_.import_was_interrupted()) reply_.flags |= kFrameRetire;
  page_.CallFinished(request.call_id);
}

}  // namespace envknit
