#include "server/env/environment_builder.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/base/annotated_status.h"
#include "server/base/sha256.h"
#include "server/env/environment_contents.h"
#include "server/env/interpreter_choice.h"
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
    EnvironmentPlan plan, InterpreterFinder& finder,
    IsolationRequest isolation) {
  absl::Status status = KeepInstalled(plan);
  if (!status.ok()) return status;
  absl::StatusOr<Interpreter> interpreter =
      isolation == IsolationRequest::kSubinterpreter
          ? ChooseSubinterpreterPython(plan, finder)
          : ChooseInterpreter(plan, finder);
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
  if (isolation != IsolationRequest::kProcess) {
    environment->contents = ReadContents(*environment);
  }
  return environment;
}

}  // namespace envknit
