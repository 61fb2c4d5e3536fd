#include "server/pool/import_probe.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/pool/wire_bytes.h"

namespace envknit {
namespace {

using Kind = ImportVerdict::Kind;

// Verdicts are remembered; an exception with its traceback is far smaller.
constexpr std::size_t kMaxResponseBytes = 64 << 10;

ImportVerdict Untried(const absl::Status& problem) {
  ImportVerdict verdict;
  verdict.kind = Kind::kUntried;
  verdict.why = std::string(problem.message());
  verdict.problem = problem;
  return verdict;
}

ImportVerdict Verdict(Kind kind, std::string module, std::string why) {
  ImportVerdict verdict;
  verdict.kind = kind;
  verdict.module = std::move(module);
  verdict.why = std::move(why);
  return verdict;
}

// A module that isn't loaded, as the worker sees it.
ImportVerdict VerdictOf(std::string module, WorkerReply reply) {
  if (!reply.status.ok()) {
    return Verdict(Kind::kFailed, std::move(module),
                   std::string(reply.status.message()));
  }
  TryImportReply answer = DecodeTryImport(reply.body);
  ImportVerdict verdict =
      Verdict(answer.verdict == TryImportReply::Verdict::kIncompatible
                  ? Kind::kIncompatible
                  : Kind::kFailed,
              std::move(module), std::move(answer.reason));
  // Handles would be those of a worker that nobody has.
  if (reply.handle_count == 0 && reply.body.size() <= kMaxResponseBytes) {
    verdict.response = std::move(reply.body);
  }
  return verdict;
}

}  // namespace

ImportProbe::ImportProbe(const Parts& parts, std::vector<std::string> modules,
                         Done done)
    : parts_(parts), modules_(std::move(modules)), done_(std::move(done)) {}

void ImportProbe::Start(std::shared_ptr<const Environment> environment,
                        Epoch epoch, absl::Duration time_limit) {
  WorkerSpec spec;
  spec.environment = std::move(environment);
  spec.epoch = epoch;
  spec.start_deadline = parts_.clock->Now() + time_limit;
  {
    const absl::MutexLock lock(&mu_);
    deadline_ = spec.start_deadline;
    timer_ =
        parts_.timers->RunAt(deadline_, [weak = weak_from_this(), time_limit] {
          if (const auto self = weak.lock()) self->OnTimeUp(time_limit);
        });
  }
  parts_.factory->Start(std::move(spec), this,
                        [self = shared_from_this()](
                            absl::StatusOr<std::unique_ptr<Worker>> worker) {
                          self->OnStarted(std::move(worker));
                        });
}

void ImportProbe::OnStarted(absl::StatusOr<std::unique_ptr<Worker>> worker) {
  if (!worker.ok()) return Finish(Untried(worker.status()));
  {
    const absl::MutexLock lock(&mu_);
    if (done_ == nullptr) return (*worker)->Kill();
    worker_ = *std::move(worker);
    if (!modules_.empty()) return SubmitNext();
  }
  Finish(Verdict(Kind::kLoads, "", ""));
}

void ImportProbe::SubmitNext() {
  WorkerCall call;
  call.id = ++submitted_;
  call.kind = CallKind::kTryImport;
  call.deadline = deadline_;
  call.body = EncodeTryImport(Current());
  worker_->Submit(std::move(call));
}

std::string ImportProbe::Current() const {
  return submitted_ == 0 ? "" : modules_[submitted_ - 1];
}

void ImportProbe::OnReply(WorkerReply reply) {
  ImportVerdict verdict;
  {
    const absl::MutexLock lock(&mu_);
    if (done_ == nullptr) return;
    const bool loaded =
        reply.status.ok() &&
        DecodeTryImport(reply.body).verdict == TryImportReply::Verdict::kLoaded;
    if (loaded && submitted_ < modules_.size()) return SubmitNext();
    verdict = loaded ? Verdict(Kind::kLoads, "", "")
                     : VerdictOf(Current(), std::move(reply));
  }
  Finish(std::move(verdict));
}

void ImportProbe::OnExit(WorkerExit exit) {
  std::string module;
  {
    const absl::MutexLock lock(&mu_);
    module = Current();
  }
  std::string how = "";
  if (exit.signal.has_value())
    how = absl::StrCat(" (signal ", *exit.signal, ")");
  if (exit.exit_code.has_value()) {
    how = absl::StrCat(" (exit code ", *exit.exit_code, ")");
  }
  Finish(Verdict(Kind::kIncompatible, std::move(module),
                 absl::StrCat("importing it ended the process", how)));
}

void ImportProbe::OnTimeUp(absl::Duration time_limit) {
  std::string module;
  {
    const absl::MutexLock lock(&mu_);
    module = Current();
  }
  // Before the first one the worker's own start has this deadline.
  if (module.empty()) return;
  Finish(Verdict(
      Kind::kFailed, std::move(module),
      absl::StrCat("not imported within ", absl::FormatDuration(time_limit))));
}

void ImportProbe::Abandon(const absl::Status& why) { Finish(Untried(why)); }

void ImportProbe::Finish(ImportVerdict verdict) {
  Done done;
  std::shared_ptr<Worker> worker;
  Timers::Id timer = 0;
  {
    const absl::MutexLock lock(&mu_);
    done = std::exchange(done_, nullptr);
    worker = std::move(worker_);
    timer = std::exchange(timer_, 0);
  }
  if (timer != 0) parts_.timers->Cancel(timer);
  if (worker != nullptr) {
    worker->Kill();
    // This may run inside the worker's own callback, so the worker is destroyed
    // a moment later, and its listener after it.
    parts_.timers->RunAt(parts_.clock->Now(),
                         [self = shared_from_this(), worker] {});
  }
  if (done) done(std::move(verdict));
}

}  // namespace envknit
