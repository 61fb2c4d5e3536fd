#ifndef ENVKNIT_SERVER_ENV_LOCK_ENVIRONMENT_STORE_H_
#define ENVKNIT_SERVER_ENV_LOCK_ENVIRONMENT_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "envknit/environment.h"
#include "server/env/interpreter_finder.h"
#include "server/env/interpreter_prober.h"
#include "server/env/lock_file.h"
#include "server/env/locked_environments.h"
#include "server/env/runtime_catalog.h"

namespace envknit {

// The environments of a daemon: those of its lock files, and, if allowed, those
// that clients describe. Made by main and used by the RPC layer. Thread safe.
class LockEnvironmentStore final : public EnvironmentStore {
 public:
  struct Options {
    // In order of precedence, loaded by LoadLockFile.
    std::vector<LockFile> lock_files;
    // Whether clients may describe environments themselves: only where they may
    // run any code as this user anyhow, as in a private daemon.
    bool allow_inline = false;
    InterpreterPlaces places;
    RuntimeCatalog runtimes;
  };

  // `prober` is borrowed and must outlive the store.
  LockEnvironmentStore(const Options& options, InterpreterProber* prober);

  absl::StatusOr<std::shared_ptr<const Environment>> Resolve(
      const EnvironmentQuery& query, IsolationRequest isolation) override;
  std::vector<EnvironmentListing> List() override;
  bool HasSubinterpreters() override;

  // What whoever runs the daemon should know about the lock files: hidden
  // environments. For the log.
  const std::vector<std::string>& warnings() const {
    return environments_.warnings();
  }

 private:
  absl::StatusOr<std::shared_ptr<const Environment>> ResolveInline(
      const InlineEnvironment& query, IsolationRequest isolation);

  // Constant after construction.
  const bool allow_inline_;
  const LockedEnvironments environments_;

  InterpreterFinder finder_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_LOCK_ENVIRONMENT_STORE_H_
