// What a daemon knows of environments: the locked packages that workers run.
#ifndef ENVKNIT_ENVIRONMENT_H_
#define ENVKNIT_ENVIRONMENT_H_

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"

#include "envknit/isolation.h"

namespace envknit {

// A Python on this machine. Known by asking it, or told by a client that runs
// on it.
struct Interpreter {
  // Absolute.
  std::string path;
  // "3.11.7"
  std::string version;
  int major = 0;
  int minor = 0;
  // "cpython-311-x86_64-linux-gnu"
  std::string soabi;
  // The part of it that names files on every platform: "cpython-311". A
  // free-threaded or debug build has another ("cpython-313t").
  std::string abi_tag;
  // Our worker extension module for that ABI, absolute; empty if this
  // installation has none.
  std::string runtime_path;

  bool has_runtime() const { return !runtime_path.empty(); }

  // It can have interpreters with a GIL of their own: CPython from 3.12 on, in
  // the ordinary build.
  bool has_subinterpreters() const {
    return major == 3 && minor >= 12 &&
           abi_tag == "cpython-3" + std::to_string(minor);
  }
};

struct LockedPackage {
  // As the lock file writes it.
  std::string name;
  // By PEP 503: what names are compared by.
  std::string normalized_name;
  std::string version;
  // Absolute; empty for a package of an inline environment, which lists its
  // install paths on their own.
  std::string install_path;
};

// What is in an environment's install paths.
struct EnvironmentContents {
  // The names by which its packages are imported, sorted and distinct.
  std::vector<std::string> import_names;
  // At least one file there is a compiled module.
  bool has_compiled_files = false;
};

// A set of packages that can be run here: what a pool's workers are started
// from. Immutable; shared by everyone who uses it. Two environments of one
// digest run the same code.
struct Environment {
  // As the lock file or the client names it; for people, not unique.
  std::string name;
  // SHA-256 over the interpreter's path and version, the ordered install paths
  // and the name==version list; 64 hexadecimal digits.
  std::string digest;
  Interpreter interpreter;
  // Absolute directories that stand before the standard library on sys.path.
  std::vector<std::string> install_paths;
  std::vector<LockedPackage> packages;
  // Normalized name of the package whose path stands first because it was asked
  // for; empty if the whole environment was.
  std::string requested_package;
  // Left out where processes were asked for, which don't need it: it takes
  // reading every package's RECORD.
  absl::optional<EnvironmentContents> contents;
};

// The environment of that name in the lock files.
struct EnvironmentByName {
  std::string name;
};

// The first environment that has the package.
struct EnvironmentByPackage {
  // Distribution or import name, in any PEP 503 spelling.
  std::string name;
  // Exact; empty for any.
  std::string version;
  // Looks only there; empty for everywhere.
  std::string environment;
};

// An environment that the client describes itself.
struct InlineEnvironment {
  struct Package {
    std::string name;
    std::string version;
  };

  // For logs and listings.
  std::string name;
  // Absolute path of the pinned Python; empty to let the compiled files decide.
  std::string interpreter;
  // Absolute, in sys.path order.
  std::vector<std::string> install_paths;
  std::vector<Package> packages;
  // Minor that is used when neither of these decides, such as "3.11"; empty for
  // the newest that has a runtime.
  std::string preferred_python;
  // A Python the client vouches for (its own): where it fits it is used without
  // being asked, which saves starting it. Path, version and soabi count; path
  // empty for none.
  Interpreter known_interpreter;
};

using EnvironmentQuery =
    std::variant<EnvironmentByName, EnvironmentByPackage, InlineEnvironment>;

// An environment of the lock files as listings show it, whether it can be run
// or not.
struct EnvironmentListing {
  std::string name;
  std::vector<LockedPackage> packages;
  // Set when it can be run here.
  std::shared_ptr<const Environment> environment;
  // OK, or why it can't be.
  absl::Status problem;
};

// Where environments come from. Thread-safe. The methods read the file system,
// and the first question about an interpreter runs it once (some 15 ms), so
// they block; what it said is remembered.
class EnvironmentStore {
 public:
  virtual ~EnvironmentStore() = default;

  // Which Python runs it depends on `isolation`: an explicit kSubinterpreter
  // takes one that has them (the pinned one if it does, else the newest),
  // whatever the packages were compiled for. The others don't change it.
  //
  // Errors, each with its reason and metadata (server/base):
  // - ENV_NOT_FOUND, PACKAGE_NOT_LOCKED {near}: the lock files have no such.
  // - ENV_NOT_INSTALLED {path}: an install path is missing.
  // - INTERPRETER_NOT_FOUND {wanted, looked}: no Python here that fits.
  // - RUNTIME_NOT_AVAILABLE {python}: one is, but we have no runtime for it;
  //   {python, found}: none that has sub-interpreters.
  // - INLINE_DENIED: the query is inline and this server takes none.
  // - INVALID_REQUEST {field}: the query itself is malformed.
  virtual absl::StatusOr<std::shared_ptr<const Environment>> Resolve(
      const EnvironmentQuery& query, IsolationRequest isolation) = 0;

  // The environments of the lock files, in their order.
  virtual std::vector<EnvironmentListing> List() = 0;

  // A Python with sub-interpreters and a runtime of ours is here.
  virtual bool HasSubinterpreters() = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_ENVIRONMENT_H_
