#ifndef ENVKNIT_SERVER_POOL_IMPORT_PROBES_H_
#define ENVKNIT_SERVER_POOL_IMPORT_PROBES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/environment.h"
#include "server/base/log.h"
#include "server/pool/import_probe.h"

namespace envknit {

// Which modules load in a sub-interpreter: tries them, each question once, and
// remembers what came of it. Shared by the registry and those who ask.
// Thread-safe; no method blocks.
class ImportProbes final : public std::enable_shared_from_this<ImportProbes> {
 public:
  struct Options {
    // Of one trial, the start of its process included.
    absl::Duration time_limit = absl::Seconds(30);
    // Trials at a time: whoever may ask chooses the names, and each is a
    // process.
    int max_running = 2;
    // Questions whose answers are kept; the oldest goes first.
    std::size_t max_remembered = 4096;
  };
  using Done = ImportProbe::Done;

  // `logger` is borrowed as the parts are. `instance_tag` as PoolRegistry's.
  ImportProbes(const Options& options, const ImportProbe::Parts& parts,
               Logger* logger, uint32_t instance_tag);

  // Whether all `modules` load when they are imported one after the other in
  // one sub-interpreter of the environment. Calls `done` once, before the
  // return if the answer is known. kUntried is not remembered.
  void Try(const std::shared_ptr<const Environment>& environment,
           std::vector<std::string> modules, Done done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Ends what runs, and starts nothing any more; all get kUntried. Nobody is
  // being told of a verdict when it returns, so not to be called by one who is.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Trial {
    std::shared_ptr<const Environment> environment;
    std::vector<std::string> modules;
    std::vector<Done> waiting;
    std::shared_ptr<ImportProbe> probe;
  };

  // The answer; nullopt if it is to be waited for, and `done` was taken.
  absl::optional<ImportVerdict> KnownOrWait(
      const std::shared_ptr<const Environment>& environment,
      std::vector<std::string> modules, Done& done) ABSL_LOCKS_EXCLUDED(mu_);
  void StartNext() ABSL_LOCKS_EXCLUDED(mu_);
  void OnVerdict(const std::string& key, const ImportVerdict& verdict)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Remember(const std::string& key, const ImportVerdict& verdict)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Log(const Trial& trial, const ImportVerdict& verdict) const;

  // Constant after construction.
  const Options options_;
  const ImportProbe::Parts parts_;
  Logger* const logger_;

  absl::Mutex mu_;
  Epoch next_epoch_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, ImportVerdict> known_ ABSL_GUARDED_BY(mu_);
  std::deque<std::string> known_order_ ABSL_GUARDED_BY(mu_);
  // By key; those without a probe wait in queue_.
  std::map<std::string, Trial> trials_ ABSL_GUARDED_BY(mu_);
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mu_);
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  // Threads that are telling of a verdict.
  int telling_ ABSL_GUARDED_BY(mu_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_IMPORT_PROBES_H_
