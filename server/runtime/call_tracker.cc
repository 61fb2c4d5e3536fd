#include "server/runtime/call_tracker.h"

namespace envknit {
namespace {

// More than the daemon may have in the channel at once.
constexpr std::size_t kMaxTombstones = 256;

}  // namespace

bool CallTracker::Begin(CallName call) {
  const std::lock_guard<std::mutex> lock(mu_);
  last_read_ = call.call_id;
  bool skipped = stopping_.load();
  std::erase_if(tombstones_, [&](const CallName& tombstone) {
    skipped = skipped || tombstone == call;
    return tombstone.call_id <= last_read_;
  });
  if (skipped) return false;
  running_ = true;
  call_ = call;
  cancel_requested_ = false;
  interrupt_due_ = false;
  running_flag_ = true;
  return true;
}

bool CallTracker::End() {
  const std::lock_guard<std::mutex> lock(mu_);
  running_ = false;
  running_flag_ = false;
  return cancel_requested_.load();
}

void CallTracker::Cancel(CallName call) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (running_ && call_ == call) {
    Interrupt();
  } else if (call.call_id > last_read_) {
    if (tombstones_.size() == kMaxTombstones) {
      tombstones_.erase(tombstones_.begin());
    }
    tombstones_.push_back(call);
  }
}

void CallTracker::Stop() {
  const std::lock_guard<std::mutex> lock(mu_);
  stopping_ = true;
  if (running_) Interrupt();
}

void CallTracker::DeliverInterrupt(const std::function<void()>& deliver) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (!running_ || !interrupt_due_) return;
  interrupt_due_ = false;
  deliver();
}

void CallTracker::Interrupt() {
  cancel_requested_ = true;
  interrupt_due_ = true;
  interrupt_();
}

}  // namespace envknit
