#ifndef ENVKNIT_SERVER_ENV_LOCK_FILE_H_
#define ENVKNIT_SERVER_ENV_LOCK_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace envknit {

// A lock file's content: plain values, in the file's order.
struct LockFile {
  struct Dependency {
    std::string name;
    // ">=1.22", empty for any.
    std::string constraint;
  };

  struct Package {
    std::string name;
    std::string normalized_name;
    std::string version;
    // Where it is installed: as ParseLockFile read it (may be empty or
    // relative); absolute after LoadLockFile.
    std::string install_path;
    std::string backend;
    std::string source;
    std::string sha256;
    std::vector<Dependency> dependencies;
    bool dev = false;
    // Where the entry begins, for messages.
    int line = 0;
  };

  struct Environment {
    std::string name;
    // The pinned interpreter: a version ("3.11", "3.11.7") or a path (absolute
    // after LoadLockFile); empty if the file pins none.
    std::string python;
    std::vector<Package> packages;
  };

  // As given to the parser; names the file in errors.
  std::string path;
  // "1.0" if the file names none.
  std::string schema_version;
  std::vector<Environment> environments;
};

// Directories that a lock file's paths may refer to without naming them.
struct PathRoots {
  // For "~".
  std::string home;
  // $ENVKNIT_HOME; empty for ~/.envknit.
  std::string envknit_home;
};

// The roots of this process, from $HOME and $ENVKNIT_HOME.
PathRoots PathRootsOfProcess();

// Reads the text of a lock file; pure. `path` only names it in errors, which
// say "path:line:column: what was wrong, what would be right":
// - INVALID_ARGUMENT: no YAML, or of the wrong shape.
// - UNIMPLEMENTED: a schema version whose major is above 1.
// Unknown keys are ignored.
absl::StatusOr<LockFile> ParseLockFile(absl::string_view text,
                                       absl::string_view path);

// Reads a lock file and makes its paths absolute: "~" expands, relative ones
// begin at the file's folder, a missing install path is
// <envknit home>/packages/<name>/<version>. Whether anything is there is not
// looked at. Errors: ParseLockFile's, and NOT_FOUND, PERMISSION_DENIED,
// INVALID_ARGUMENT (too large) of reading.
absl::StatusOr<LockFile> LoadLockFile(const std::string& path,
                                      const PathRoots& roots);

// Makes the paths of `lock` absolute as LoadLockFile does; `directory` is the
// lock file's own, absolute.
void ResolvePaths(LockFile& lock, const std::string& directory,
                  const PathRoots& roots);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_LOCK_FILE_H_
