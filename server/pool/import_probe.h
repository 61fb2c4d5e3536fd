#ifndef ENVKNIT_SERVER_POOL_IMPORT_PROBE_H_
#define ENVKNIT_SERVER_POOL_IMPORT_PROBE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "envknit/clock.h"
#include "envknit/environment.h"
#include "envknit/worker.h"

namespace envknit {

// What came of importing modules in a throw-away sub-interpreter.
struct ImportVerdict {
  enum class Kind {
    // They load.
    kLoads,
    // One is a C extension that can't load there, or it ended the process.
    kIncompatible,
    // Importing one raised something else, or took too long.
    kFailed,
    // None could be tried.
    kUntried,
  };
  Kind kind = Kind::kUntried;
  // The module that didn't load.
  std::string module;
  // Why it didn't, or why none could be tried; for people.
  std::string why;
  // What the worker answered, a serialized TryImportResponse; empty if it
  // didn't.
  std::string response;
  // Why none could be tried, as an error with reason and metadata.
  absl::Status problem;
};

// One trial: starts a worker, has it import modules one after the other until
// one doesn't load, and kills it. Shared by whoever started it and the
// callbacks under way. Thread-safe.
class ImportProbe final : public WorkerListener,
                          public std::enable_shared_from_this<ImportProbe> {
 public:
  // Borrowed; outlive it. What `factory` starts is not shared with anyone.
  struct Parts {
    WorkerFactory* factory = nullptr;
    const Clock* clock = nullptr;
    Timers* timers = nullptr;
  };
  // Once, from any thread.
  using Done = std::function<void(ImportVerdict)>;

  ImportProbe(const Parts& parts, std::vector<std::string> modules, Done done);

  // Once. All of it takes at most `time_limit`.
  void Start(std::shared_ptr<const Environment> environment, Epoch epoch,
             absl::Duration time_limit);

  // Gives up: kUntried, for that reason.
  void Abandon(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mu_);

  void OnReply(WorkerReply reply) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnExit(WorkerExit exit) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void OnStarted(absl::StatusOr<std::unique_ptr<Worker>> worker)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnTimeUp(absl::Duration time_limit) ABSL_LOCKS_EXCLUDED(mu_);
  void SubmitNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Finish(ImportVerdict verdict) ABSL_LOCKS_EXCLUDED(mu_);
  // The module under way; empty before the first.
  std::string Current() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Constant after construction.
  const Parts parts_;
  const std::vector<std::string> modules_;

  absl::Mutex mu_;
  // Null once it is over.
  Done done_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Worker> worker_ ABSL_GUARDED_BY(mu_);
  absl::Time deadline_ ABSL_GUARDED_BY(mu_);
  Timers::Id timer_ ABSL_GUARDED_BY(mu_) = 0;
  // Modules submitted so far.
  std::size_t submitted_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_IMPORT_PROBE_H_
