// What PoolState tells of its workers and sessions.
#include <algorithm>
#include <tuple>
#include <utility>

#include "server/pool/pool_state.h"

namespace envknit {

std::vector<std::pair<WorkerSnapshot, SessionNumber>> PoolState::Snapshot(
    absl::Time now) const {
  using State = WorkerSnapshot::State;
  std::vector<std::pair<WorkerSnapshot, SessionNumber>> out;
  for (const auto& [epoch, slot] : slots_) {
    WorkerSnapshot worker;
    worker.info = slot->info;
    worker.info.epoch = epoch;
    worker.calls = slot->calls;
    worker.last_ladder_action = slot->last_ladder_action;
    worker.last_stack = slot->last_stack;
    if (slot->session != nullptr && worker.last_ladder_action.empty()) {
      worker.last_ladder_action = slot->session->last_ladder_action;
      worker.last_stack = slot->session->last_stack;
    }
    if (!slot->channel.empty()) {
      worker.running = slot->channel.front()->spec.target;
      worker.running_for = now - slot->front_since;
    }
    if (slot->phase == SlotRecord::Phase::kStarting) {
      worker.state = State::kStarting;
    } else if (slot->phase == SlotRecord::Phase::kEnding) {
      worker.state = State::kEnding;
    } else if (slot->ladder != SlotRecord::Ladder::kNone) {
      worker.state = State::kStoppingCall;
    } else {
      worker.state = slot->channel.empty() ? State::kIdle : State::kBusy;
    }
    out.emplace_back(std::move(worker),
                     slot->session == nullptr ? 0 : slot->session->number);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.first.info.epoch < b.first.info.epoch;
  });
  return out;
}

std::vector<std::pair<SessionSnapshot, SessionNumber>>
PoolState::SnapshotSessions() const {
  std::vector<std::pair<SessionSnapshot, SessionNumber>> out;
  for (const auto& [number, session] : sessions_) {
    SessionSnapshot shown;
    shown.identity = session->identity;
    shown.attached = session->attached;
    shown.implicit = session->implicit;
    const SlotRecord* slot = session->worker;
    if (slot != nullptr && slot->phase != SlotRecord::Phase::kStarting) {
      shown.pid = slot->info.pid;
      shown.epoch = slot->epoch;
    }
    shown.calls_in_flight = session->in_flight;
    shown.calls = session->calls;
    shown.opened = session->opened;
    shown.last_call = session->last_call;
    shown.expires = ExpiryOf(*session);
    out.emplace_back(std::move(shown), number);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.opened, a.second) <
           std::tie(b.first.opened, b.second);
  });
  return out;
}

}  // namespace envknit
