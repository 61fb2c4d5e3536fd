#include "server/env/locked_environments.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/base/annotated_status.h"
#include "server/base/nearest_name.h"
#include "server/env/dist_info.h"
#include "server/env/package_name.h"

namespace envknit {
namespace {

using Environments = std::vector<const LockFile::Environment*>;

// One package of one environment.
struct Match {
  const LockFile::Environment* environment;
  const LockFile::Package* package;
};

std::vector<Match> MatchesByName(const Environments& environments,
                                 const std::string& normalized_name) {
  std::vector<Match> matches;
  for (const LockFile::Environment* environment : environments) {
    for (const LockFile::Package& package : environment->packages) {
      if (package.normalized_name == normalized_name) {
        matches.push_back({environment, &package});
      }
    }
  }
  return matches;
}

// Reads the metadata of everything installed, so it comes second.
std::vector<Match> MatchesByImportName(const Environments& environments,
                                       const std::string& name) {
  std::vector<Match> matches;
  for (const LockFile::Environment* environment : environments) {
    for (const LockFile::Package& package : environment->packages) {
      const std::vector<std::string> names =
          ImportNamesOfPackage(package.install_path, package.name);
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        matches.push_back({environment, &package});
      }
    }
  }
  return matches;
}

absl::Status NotLocked(const EnvironmentByPackage& query,
                       const Environments& environments,
                       const std::vector<Match>& other_versions) {
  std::vector<std::string> near;
  std::string hint;
  if (!other_versions.empty()) {
    for (const Match& match : other_versions) {
      const std::string& version = match.package->version;
      if (std::find(near.begin(), near.end(), version) == near.end()) {
        near.push_back(version);
      }
    }
    hint = absl::StrCat("; registered versions: ", absl::StrJoin(near, ", "));
  } else {
    std::vector<std::string> names;
    for (const LockFile::Environment* environment : environments) {
      for (const LockFile::Package& package : environment->packages) {
        names.push_back(package.name);
      }
    }
    near = NearestNames(query.name, names, 3);
    hint = DidYouMean(query.name, names);
  }
  return MakeError(
      ErrorReason::kPackageNotLocked,
      absl::StrCat(
          "package ", query.name, query.version.empty() ? "" : " ",
          query.version, " is not registered",
          query.environment.empty()
              ? std::string(" in any lock file")
              : absl::StrCat(" in environment \"", query.environment, "\""),
          hint),
      {{"package", query.name},
       {"version", query.version},
       {"environment", query.environment},
       {"near", absl::StrJoin(near, ",")}});
}

}  // namespace

EnvironmentPlan PlanOf(const LockFile::Environment& environment,
                       const LockFile::Package* requested) {
  EnvironmentPlan plan;
  plan.name = environment.name;
  plan.pinned_python = environment.python;
  std::set<std::string> names;
  std::set<std::string> paths;
  const auto add = [&](const LockFile::Package& package) {
    if (!names.insert(package.normalized_name).second) return;
    plan.packages.push_back({package.name, package.normalized_name,
                             package.version, package.install_path});
    if (paths.insert(package.install_path).second) {
      plan.install_paths.push_back(package.install_path);
    }
  };
  if (requested != nullptr) {
    plan.requested_package = requested->normalized_name;
    add(*requested);
  }
  for (const LockFile::Package& package : environment.packages) add(package);
  return plan;
}

LockedEnvironments::LockedEnvironments(const std::vector<LockFile>& files) {
  std::set<std::string> names;
  for (const LockFile& file : files) {
    for (const LockFile::Environment& environment : file.environments) {
      if (names.insert(environment.name).second) {
        environments_.push_back(environment);
      } else {
        warnings_.push_back(absl::StrCat(
            "environment \"", environment.name, "\" of ", file.path,
            " is hidden by one of the same name in an earlier lock file"));
      }
    }
  }
}

absl::StatusOr<const LockFile::Environment*>
LockedEnvironments::FindEnvironment(absl::string_view name) const {
  std::vector<std::string> names;
  for (const LockFile::Environment& environment : environments_) {
    if (environment.name == name) return &environment;
    names.push_back(environment.name);
  }
  return MakeError(
      ErrorReason::kEnvNotFound,
      absl::StrCat("environment \"", name, "\" is not registered",
                   DidYouMean(name, names)),
      {{"environment", std::string(name)},
       {"near", absl::StrJoin(NearestNames(name, names, 3), ",")}});
}

absl::StatusOr<EnvironmentPlan> LockedEnvironments::ByName(
    absl::string_view name) const {
  const auto environment = FindEnvironment(name);
  if (!environment.ok()) return environment.status();
  return PlanOf(**environment, nullptr);
}

absl::StatusOr<EnvironmentPlan> LockedEnvironments::ByPackage(
    const EnvironmentByPackage& query) const {
  Environments candidates;
  if (query.environment.empty()) {
    for (const LockFile::Environment& environment : environments_) {
      candidates.push_back(&environment);
    }
  } else {
    const auto environment = FindEnvironment(query.environment);
    if (!environment.ok()) return environment.status();
    candidates.push_back(*environment);
  }
  std::vector<Match> matches =
      MatchesByName(candidates, NormalizePackageName(query.name));
  if (matches.empty()) matches = MatchesByImportName(candidates, query.name);
  for (const Match& match : matches) {
    if (query.version.empty() || match.package->version == query.version) {
      return PlanOf(*match.environment, match.package);
    }
  }
  return NotLocked(query, candidates, matches);
}

}  // namespace envknit
