#ifndef ENVKNIT_SERVER_ENV_INTERPRETER_FINDER_H_
#define ENVKNIT_SERVER_ENV_INTERPRETER_FINDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "envknit/environment.h"
#include "server/env/interpreter_prober.h"
#include "server/env/runtime_catalog.h"

namespace envknit {

// Where to look, in this order.
struct InterpreterPlaces {
  // Directories of installations: PREFIX/bin, or PREFIX/*/bin and
  // PREFIX/versions/*/bin where one holds several (pyenv's root, uv's store),
  // newest first.
  std::vector<std::string> prefixes;
  // Directories of executables: $PATH, split.
  std::vector<std::string> search_path;
};

// Finds the Python an environment needs. Looks at file names first and asks
// (probes) only what may fit, each file once as long as it doesn't change.
// Interpreters come with their runtime_path filled in where there is one;
// whether that matters is the caller's to decide. Owned by the environment
// store. Thread safe; probes block other callers, so that none runs twice.
class InterpreterFinder final {
 public:
  // `prober` is borrowed and must outlive the finder.
  InterpreterFinder(InterpreterProber* prober, InterpreterPlaces places,
                    RuntimeCatalog runtimes);

  // The Python at exactly this absolute path. Error, here and below:
  // INTERPRETER_NOT_FOUND {wanted, looked}.
  absl::StatusOr<Interpreter> AtPath(const std::string& path)
      ABSL_LOCKS_EXCLUDED(mu_);

  // A Python of version "3.11" or exactly "3.11.7"; one that has a runtime
  // wins over one that has none.
  absl::StatusOr<Interpreter> OfVersion(absl::string_view version)
      ABSL_LOCKS_EXCLUDED(mu_);

  // A Python with that ABI, such as "cpython-311".
  absl::StatusOr<Interpreter> OfAbi(const std::string& abi_tag)
      ABSL_LOCKS_EXCLUDED(mu_);

  // The newest Python that has a runtime.
  absl::StatusOr<Interpreter> Newest() ABSL_LOCKS_EXCLUDED(mu_);

  const RuntimeCatalog& runtimes() const { return runtimes_; }

 private:
  // Device, inode, size, time of change: another file at the path is another
  // interpreter.
  using FileIdentity = std::tuple<uint64_t, uint64_t, int64_t, int64_t>;
  struct Answer {
    FileIdentity file;
    absl::StatusOr<Interpreter> interpreter;
  };

  absl::StatusOr<Interpreter> Ask(const std::string& path)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Executables that may be Python `version` ("3.11"), the likeliest first;
  // binaries before scripts, which may take long or run something else.
  std::vector<std::string> Candidates(absl::string_view version) const;
  absl::StatusOr<Interpreter> Find(absl::string_view version,
                                   absl::string_view exact_version,
                                   absl::string_view abi_tag);
  std::string Looked() const;

  // Constant after construction.
  InterpreterProber* const prober_;
  const InterpreterPlaces places_;
  const RuntimeCatalog runtimes_;

  absl::Mutex mu_;
  std::map<std::string, Answer> answers_ ABSL_GUARDED_BY(mu_);
};

// $PATH, split; empty entries are left out, since they mean the working
// directory.
std::vector<std::string> SplitSearchPath(absl::string_view path);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_INTERPRETER_FINDER_H_
