#include "server/env/environment_builder.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/base/annotated_status.h"
#include "server/base/sha256.h"
#include "server/env/compiled_files.h"
#include "server/env/runtime_catalog.h"

namespace envknit {
namespace {

bool IsDirectory(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// Paths that are missing make an environment unusable, except those of mere
// companions of a requested package: it runs without them, as it does in a
// client, which registers only what is installed.
absl::Status KeepInstalled(EnvironmentPlan& plan) {
  for (std::size_t i = 0; i < plan.install_paths.size(); ++i) {
    const std::string& path = plan.install_paths[i];
    const bool companion = i > 0 && !plan.requested_package.empty();
    if (companion || IsDirectory(path)) continue;
    return MakeError(
        ErrorReason::kEnvNotInstalled,
        absl::StrCat("environment \"", plan.name, "\": the install path ", path,
                     " is not a directory; install the package there"),
        {{"environment", plan.name}, {"path", path}});
  }
  if (plan.requested_package.empty()) return absl::OkStatus();
  std::erase_if(plan.install_paths,
                [](const std::string& path) { return !IsDirectory(path); });
  std::erase_if(plan.packages, [&plan](const LockedPackage& package) {
    return std::find(plan.install_paths.begin(), plan.install_paths.end(),
                     package.install_path) == plan.install_paths.end();
  });
  return absl::OkStatus();
}

// A pinned interpreter must be able to load at least some of what is compiled.
absl::Status CheckAbi(const EnvironmentPlan& plan,
                      const Interpreter& interpreter) {
  std::vector<std::string> abis;
  std::string where;
  for (const std::string& path : plan.install_paths) {
    for (std::string& abi : FindAbis(path)) {
      if (abi == interpreter.abi_tag) return absl::OkStatus();
      if (where.empty()) where = path;
      abis.push_back(std::move(abi));
    }
  }
  if (abis.empty()) return absl::OkStatus();
  return MakeError(ErrorReason::kEnvNotInstalled,
                   absl::StrCat("environment \"", plan.name, "\": ", where,
                                " is compiled for ", abis.front(), ", but ",
                                interpreter.path, " is ", interpreter.abi_tag,
                                "; install the packages with that Python"),
                   {{"environment", plan.name}, {"path", where}});
}

// The ABI that decides which Python runs the plan: that of the first path which
// has compiled code, so the requested package's before its companions'.
absl::optional<std::string> DecidingAbi(const EnvironmentPlan& plan) {
  for (const std::string& path : plan.install_paths) {
    std::vector<std::string> abis = FindAbis(path);
    if (abis.empty()) continue;
    // Several in one directory: it was installed into by several Pythons, and
    // the one the client knows is as good as any.
    const auto known =
        std::find(abis.begin(), abis.end(), plan.known_interpreter.abi_tag);
    return known == abis.end() ? abis.front() : *known;
  }
  return absl::nullopt;
}

absl::StatusOr<Interpreter> ChooseInterpreter(const EnvironmentPlan& plan,
                                              InterpreterFinder& finder) {
  const Interpreter& known = plan.known_interpreter;
  const bool has_known = !known.path.empty();
  if (!plan.pinned_python.empty()) {
    absl::StatusOr<Interpreter> pinned =
        has_known && known.path == plan.pinned_python ? known
        : absl::StrContains(plan.pinned_python, '/')
            ? finder.AtPath(plan.pinned_python)
            : finder.OfVersion(plan.pinned_python);
    if (!pinned.ok()) return pinned;
    absl::Status status = CheckAbi(plan, *pinned);
    if (!status.ok()) return status;
    return pinned;
  }
  if (const absl::optional<std::string> abi = DecidingAbi(plan)) {
    if (has_known && known.abi_tag == *abi) return known;
    return finder.OfAbi(*abi);
  }
  if (plan.preferred_python.empty()) {
    return has_known ? known : finder.Newest();
  }
  if (has_known &&
      absl::StrCat(known.major, ".", known.minor) == plan.preferred_python) {
    return known;
  }
  return finder.OfVersion(plan.preferred_python);
}

}  // namespace

std::string DigestOf(const Environment& environment) {
  std::vector<std::string> pins;
  for (const LockedPackage& package : environment.packages) {
    pins.push_back(
        absl::StrCat(package.normalized_name, "==", package.version));
  }
  std::sort(pins.begin(), pins.end());
  // Fields end with a NUL, sections with two: no field can imitate another.
  std::string text;
  const auto append = [&text](const std::string& field) {
    absl::StrAppend(&text, field, absl::string_view("\0", 1));
  };
  append(environment.interpreter.path);
  append(environment.interpreter.version);
  append("");
  for (const std::string& path : environment.install_paths) append(path);
  append("");
  for (const std::string& pin : pins) append(pin);
  return Sha256Hex(text);
}

absl::StatusOr<std::shared_ptr<const Environment>> BuildEnvironment(
    EnvironmentPlan plan, InterpreterFinder& finder) {
  absl::Status status = KeepInstalled(plan);
  if (!status.ok()) return status;
  absl::StatusOr<Interpreter> interpreter = ChooseInterpreter(plan, finder);
  if (!interpreter.ok()) {
    return WithContext(
        WithMetadata(interpreter.status(), {{"environment", plan.name}}),
        absl::StrCat("environment \"", plan.name, "\""));
  }
  interpreter->runtime_path = finder.runtimes().PathFor(interpreter->abi_tag);
  if (!interpreter->has_runtime()) {
    return MakeError(
        ErrorReason::kRuntimeNotAvailable,
        absl::StrCat("environment \"", plan.name, "\" needs Python ",
                     interpreter->version, " (", interpreter->path,
                     "), but this installation has no worker runtime for ",
                     interpreter->abi_tag, "; it has: ",
                     absl::StrJoin(finder.runtimes().Abis(), ", ")),
        {{"environment", plan.name},
         {"python", interpreter->version},
         {"interpreter", interpreter->path}});
  }
  auto environment = std::make_shared<Environment>();
  environment->name = std::move(plan.name);
  environment->interpreter = *std::move(interpreter);
  environment->install_paths = std::move(plan.install_paths);
  environment->packages = std::move(plan.packages);
  environment->requested_package = std::move(plan.requested_package);
  environment->digest = DigestOf(*environment);
  return environment;
}

}  // namespace envknit
