#ifndef ENVKNIT_SERVER_ENV_LOCKED_ENVIRONMENTS_H_
#define ENVKNIT_SERVER_ENV_LOCKED_ENVIRONMENTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "envknit/environment.h"
#include "server/env/environment_builder.h"
#include "server/env/lock_file.h"

namespace envknit {

// The environments of all lock files of a daemon, and how one is chosen by name
// or by a package in it. Knows nothing of interpreters. Immutable.
class LockedEnvironments final {
 public:
  // Files in order of precedence, their paths resolved. Where several have an
  // environment of one name, the first wins; `warnings` tells of the others.
  explicit LockedEnvironments(const std::vector<LockFile>& files);

  // The whole environment. ENV_NOT_FOUND {near}.
  absl::StatusOr<EnvironmentPlan> ByName(absl::string_view name) const;

  // The first environment (or the one named) that has the package at that
  // version, its path first, then the others'. A name that no package has is
  // looked for among the import names of what is installed. ENV_NOT_FOUND,
  // PACKAGE_NOT_LOCKED {near}.
  absl::StatusOr<EnvironmentPlan> ByPackage(
      const EnvironmentByPackage& query) const;

  const std::vector<LockFile::Environment>& environments() const {
    return environments_;
  }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  absl::StatusOr<const LockFile::Environment*> FindEnvironment(
      absl::string_view name) const;

  std::vector<LockFile::Environment> environments_;
  std::vector<std::string> warnings_;
};

// The plan of one environment: one version per package (`requested` for its own
// name, else the first listed), each install path once, the requested package's
// first. `requested` may be null.
EnvironmentPlan PlanOf(const LockFile::Environment& environment,
                       const LockFile::Package* requested);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_LOCKED_ENVIRONMENTS_H_
