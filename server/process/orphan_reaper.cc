#include "server/process/orphan_reaper.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "server/base/unique_fd.h"
#include "server/process/spawn_spec.h"

namespace envknit {
namespace {

// Between two looks while something killed is not gone yet: its children become
// ours only then.
constexpr absl::Duration kSoon = absl::Milliseconds(5);
// While orphans of living workers run: they may end at any time.
constexpr absl::Duration kLater = absl::Seconds(1);
// Looks for one dead worker; a process that starts others faster than this
// kills them is a fork bomb, and that is for limits to stop.
constexpr int kMaxSweeps = 50;

void Kill(const ProcessEntry& process) {
  // Between two looks at the number it can have become another's.
  const UniqueFd pidfd(
      static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!pidfd.valid() || ReadProcess(process.pid) != process) return;
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

}  // namespace

OrphanReaper::OrphanReaper(std::shared_ptr<const ChildRegistry> registry)
    : registry_(std::move(registry)),
      self_(::getpid()),
      own_session_(::getsid(0)) {}

void OrphanReaper::AddDead(std::vector<DeadChild> dead) {
  for (DeadChild& child : dead) {
    targets_.push_back({std::move(child), kMaxSweeps});
  }
}

OrphanReaper::Verdict OrphanReaper::Judge(const ProcessEntry& process,
                                          bool is_orphan) const {
  for (const Target& target : targets_) {
    if (process.session == target.child.pid) return Verdict::kDies;
  }
  if (!is_orphan) return Verdict::kLives;
  if (kill_everything_) return Verdict::kDies;
  if (targets_.empty()) return Verdict::kLives;
  const absl::optional<std::string> environment =
      ReadProcessEnvironment(process.pid);
  if (!environment.has_value() || environment->empty()) {
    return Verdict::kUnclear;
  }
  const absl::optional<std::string> tag =
      FindVariable(*environment, kTagVariable);
  const bool is_targets =
      tag.has_value() && std::any_of(targets_.begin(), targets_.end(),
                                     [&tag](const Target& target) {
                                       return target.child.tag == *tag;
                                     });
  return is_targets ? Verdict::kDies : Verdict::kLives;
}

absl::Duration OrphanReaper::Sweep() {
  // Something was killed, or could not be judged.
  bool unfinished = false;
  bool orphans_live = false;
  for (const ProcessEntry& process : ListProcesses()) {
    if (process.session == own_session_ || registry_->Contains(process.pid)) {
      continue;
    }
    const bool is_orphan = process.parent == self_;
    if (process.zombie) {
      if (is_orphan) {
        ::waitid(P_PID, static_cast<id_t>(process.pid), nullptr,
                 WEXITED | WNOHANG);
      }
      continue;
    }
    const Verdict verdict = Judge(process, is_orphan);
    if (verdict == Verdict::kDies) Kill(process);
    if (verdict != Verdict::kLives) {
      unfinished = true;
    } else if (is_orphan) {
      orphans_live = true;
    }
  }
  for (Target& target : targets_) --target.sweeps_left;
  targets_.erase(std::remove_if(targets_.begin(), targets_.end(),
                                [unfinished](const Target& target) {
                                  return !unfinished || target.sweeps_left <= 0;
                                }),
                 targets_.end());
  if (unfinished) return kSoon;
  return orphans_live ? kLater : absl::InfiniteDuration();
}

}  // namespace envknit
