#ifndef ENVKNIT_SERVER_RPC_ENVIRONMENT_RESOLVER_H_
#define ENVKNIT_SERVER_RPC_ENVIRONMENT_RESOLVER_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"

#include "envknit/environment.h"

namespace envknit {

// An EnvironmentStore for callers that must not block: handlers run on gRPC's
// few callback threads, and the store reads the file system and may start a
// Python. Questions it was asked before are answered at once from a bounded
// memory, new ones on a thread of its own, in order. Made by main; thread-safe.
class EnvironmentResolver final {
 public:
  using Resolved =
      std::function<void(absl::StatusOr<std::shared_ptr<const Environment>>)>;

  // `store` is borrowed and must outlive the resolver.
  explicit EnvironmentResolver(EnvironmentStore* store);

  // Answers what was asked, then ends the thread.
  ~EnvironmentResolver();

  // Resolves a serialized EnvironmentSelector for that isolation; calls `done`
  // once, before the return if the answer is known. Errors: those of
  // EnvironmentStore::Resolve, INVALID_REQUEST {field: environment}.
  void Resolve(const std::string& selector, IsolationRequest isolation,
               Resolved done) ABSL_LOCKS_EXCLUDED(mu_);

  // Whether a Python with sub-interpreters is here: looked for when it is first
  // asked, on a thread of its own, so that it never waits for an environment.
  // Calls `done` as Resolve does.
  void FindSubinterpreters(std::function<void(bool)> done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Runs `function` on the thread, after what was asked before.
  void Run(std::function<void()> function) ABSL_LOCKS_EXCLUDED(mu_);

  EnvironmentStore* store() const { return store_; }

 private:
  void RunThread() ABSL_LOCKS_EXCLUDED(mu_);
  void LookForSubinterpreters() ABSL_LOCKS_EXCLUDED(mu_);
  // What was asked, whom for: environments differ by isolation.
  using Question = std::pair<std::string, IsolationRequest>;

  void ResolveNow(const Question& question, const Resolved& done)
      ABSL_LOCKS_EXCLUDED(mu_);
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return stopping_ || !work_.empty();
  }

  EnvironmentStore* const store_;

  absl::Mutex mu_;
  std::deque<std::function<void()>> work_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<Question, std::shared_ptr<const Environment>> known_
      ABSL_GUARDED_BY(mu_);
  absl::optional<bool> has_subinterpreters_ ABSL_GUARDED_BY(mu_);
  std::vector<std::function<void(bool)>> want_subinterpreters_
      ABSL_GUARDED_BY(mu_);
  // Started by the first who asks.
  std::thread search_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  // Last, so that it starts when everything else is there.
  std::thread thread_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_ENVIRONMENT_RESOLVER_H_
