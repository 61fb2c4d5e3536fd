#include "server/process/spawner.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"

#include "server/process/child_start.h"

namespace envknit {
namespace {

constexpr absl::Duration kPatienceAtEnd = absl::Seconds(1);
// While children live, an orphan of theirs may have ended.
constexpr absl::Duration kOrphanCheck = absl::Seconds(2);

// Whether a child of this process waits to be reaped.
bool HasZombie() {
  siginfo_t info = {};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid != 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Spawner>> Spawner::Create() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "become a child subreaper");
  }
  return std::unique_ptr<Spawner>(new Spawner());
}

Spawner::Spawner()
    : registry_(std::make_shared<ChildRegistry>([this] { RequestSweep(); })),
      reaper_(registry_) {
  thread_ = std::thread([this] { Run(); });
}

Spawner::~Spawner() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
  registry_->ForgetCallback();
}

void Spawner::Spawn(SpawnSpec spec, Spawned done) {
  {
    absl::MutexLock lock(&mu_);
    if (!stopping_) {
      jobs_.push_back({std::move(spec), std::move(done)});
      return;
    }
  }
  done(absl::CancelledError("the process is ending"));
}

void Spawner::RequestSweep() {
  absl::MutexLock lock(&mu_);
  sweep_requested_ = true;
}

void Spawner::RunJob(Job job) {
  absl::StatusOr<StartedChild> child = StartChild(job.spec);
  if (!child.ok()) {
    job.done(child.status());
    return;
  }
  registry_->Add(child->pid, job.spec.tag);
  // The child has its own copies; those of the parent would keep the channels
  // open after its death.
  job.spec.descriptors.clear();
  job.done(ChildProcess(child->pid, std::move(child->pidfd), registry_));
}

void Spawner::Run() {
  while (true) {
    std::vector<Job> jobs;
    bool sweep = false;
    bool stopping = false;
    {
      absl::MutexLock lock(&mu_);
      const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
        return stopping_ || sweep_requested_ || !jobs_.empty();
      };
      const absl::Duration patience = registry_->Empty()
                                          ? next_sweep_
                                          : std::min(next_sweep_, kOrphanCheck);
      const bool woken =
          mu_.AwaitWithTimeout(absl::Condition(&has_work), patience);
      jobs.swap(jobs_);
      stopping = stopping_;
      sweep = std::exchange(sweep_requested_, false) || !woken;
    }
    // Starting workers is waited for; sweeping can come a millisecond later.
    for (Job& job : jobs) {
      if (stopping) {
        job.done(absl::CancelledError("the process is ending"));
      } else {
        RunJob(std::move(job));
      }
    }
    if (stopping) break;
    if (!sweep) continue;
    std::vector<DeadChild> dead = registry_->TakeDead();
    if (dead.empty() && next_sweep_ == absl::InfiniteDuration() &&
        !HasZombie()) {
      continue;
    }
    reaper_.AddDead(std::move(dead));
    next_sweep_ = reaper_.Sweep();
  }
  EndEverything();
}

void Spawner::EndEverything() {
  const absl::Time give_up = absl::Now() + kPatienceAtEnd;
  registry_->KillAll();
  reaper_.AddDead(registry_->TakeDead());
  reaper_.KillEverything();
  while (absl::Now() < give_up) {
    const absl::Duration wait = reaper_.Sweep();
    if (wait == absl::InfiniteDuration()) break;
    absl::SleepFor(std::min(wait, absl::Milliseconds(5)));
  }
}

}  // namespace envknit
