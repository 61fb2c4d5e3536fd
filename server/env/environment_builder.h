#ifndef ENVKNIT_SERVER_ENV_ENVIRONMENT_BUILDER_H_
#define ENVKNIT_SERVER_ENV_ENVIRONMENT_BUILDER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"

#include "envknit/environment.h"
#include "server/env/interpreter_finder.h"

namespace envknit {

// What an environment is made of, wherever it was described.
struct EnvironmentPlan {
  std::string name;
  // A version or an absolute path; empty to let the compiled files decide.
  std::string pinned_python;
  // Used where neither decides: "3.11"; empty for the newest with a runtime.
  std::string preferred_python;
  // Used without being asked where it fits; path empty for none.
  Interpreter known_interpreter;
  // Absolute, distinct, in sys.path order.
  std::vector<std::string> install_paths;
  std::vector<LockedPackage> packages;
  std::string requested_package;
};

// Makes a plan an environment that can run here: checks that its paths are
// there (those of a requested package's companions may be missing), chooses the
// interpreter (interpreter_choice.h), computes the digest, and, unless
// processes are asked for, reads what is in it. Errors: ENV_NOT_INSTALLED,
// INTERPRETER_NOT_FOUND, RUNTIME_NOT_AVAILABLE. Blocks. Thread safe as far as
// `finder` is.
absl::StatusOr<std::shared_ptr<const Environment>> BuildEnvironment(
    EnvironmentPlan plan, InterpreterFinder& finder,
    IsolationRequest isolation);

// SHA-256 over interpreter path and version, ordered install paths and the
// sorted name==version list. Never over contents: __pycache__ changes those.
std::string DigestOf(const Environment& environment);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_ENVIRONMENT_BUILDER_H_
