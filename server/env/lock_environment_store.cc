#include "server/env/lock_environment_store.h"

#include <cstddef>
#include <set>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"
#include "server/env/environment_builder.h"
#include "server/env/interpreter_choice.h"
#include "server/env/package_name.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxInstallPaths = 10'000;
constexpr std::size_t kMaxPackages = 100'000;

absl::Status InvalidField(const std::string& field,
                          const std::string& message) {
  return MakeError(ErrorReason::kInvalidRequest,
                   absl::StrCat("environment.inline.", field, ": ", message),
                   {{"field", absl::StrCat("environment.inline.", field)}});
}

absl::Status CheckAbsolute(const std::string& field, const std::string& path) {
  if (absl::StartsWith(path, "/") && !absl::StrContains(path, '\0')) {
    return absl::OkStatus();
  }
  return InvalidField(
      field, absl::StrCat("expected an absolute path, found \"", path, "\""));
}

// Checks what a client wrote; what it says is otherwise taken as it is.
absl::StatusOr<EnvironmentPlan> PlanOfInline(const InlineEnvironment& query) {
  EnvironmentPlan plan;
  plan.name = query.name.empty() ? "inline" : query.name;
  plan.preferred_python = query.preferred_python;
  plan.pinned_python = query.interpreter;
  if (!query.interpreter.empty()) {
    absl::Status status = CheckAbsolute("interpreter", query.interpreter);
    if (!status.ok()) return status;
  }
  if (!query.known_interpreter.path.empty()) {
    absl::Status status =
        CheckAbsolute("known_interpreter.path", query.known_interpreter.path);
    if (!status.ok()) return status;
    plan.known_interpreter = query.known_interpreter;
    status = CompleteInterpreter(plan.known_interpreter);
    if (!status.ok()) {
      return InvalidField("known_interpreter", std::string(status.message()));
    }
  }
  if (query.install_paths.size() > kMaxInstallPaths ||
      query.packages.size() > kMaxPackages) {
    return InvalidField("install_paths", "too many entries");
  }
  std::set<std::string> paths;
  for (const std::string& path : query.install_paths) {
    absl::Status status = CheckAbsolute("install_paths", path);
    if (!status.ok()) return status;
    if (paths.insert(path).second) plan.install_paths.push_back(path);
  }
  for (const InlineEnvironment::Package& package : query.packages) {
    plan.packages.push_back({package.name, NormalizePackageName(package.name),
                             package.version, ""});
  }
  return plan;
}

}  // namespace

LockEnvironmentStore::LockEnvironmentStore(const Options& options,
                                           InterpreterProber* prober)
    : allow_inline_(options.allow_inline),
      environments_(options.lock_files),
      finder_(prober, options.places, options.runtimes) {}

absl::StatusOr<std::shared_ptr<const Environment>>
LockEnvironmentStore::ResolveInline(const InlineEnvironment& query,
                                    IsolationRequest isolation) {
  if (!allow_inline_) {
    return MakeError(ErrorReason::kInlineDenied,
                     "this server runs only environments of its lock files; "
                     "environments.allow_inline is off");
  }
  absl::StatusOr<EnvironmentPlan> plan = PlanOfInline(query);
  if (!plan.ok()) return plan.status();
  return BuildEnvironment(*std::move(plan), finder_, isolation);
}

absl::StatusOr<std::shared_ptr<const Environment>>
LockEnvironmentStore::Resolve(const EnvironmentQuery& query,
                              IsolationRequest isolation) {
  if (const auto* const described = std::get_if<InlineEnvironment>(&query)) {
    return ResolveInline(*described, isolation);
  }
  const auto* const by_name = std::get_if<EnvironmentByName>(&query);
  absl::StatusOr<EnvironmentPlan> plan =
      by_name != nullptr
          ? environments_.ByName(by_name->name)
          : environments_.ByPackage(std::get<EnvironmentByPackage>(query));
  if (!plan.ok()) return plan.status();
  return BuildEnvironment(*std::move(plan), finder_, isolation);
}

std::vector<EnvironmentListing> LockEnvironmentStore::List() {
  std::vector<EnvironmentListing> listings;
  for (const LockFile::Environment& environment :
       environments_.environments()) {
    EnvironmentListing& listing = listings.emplace_back();
    listing.name = environment.name;
    EnvironmentPlan plan = PlanOf(environment, nullptr);
    listing.packages = plan.packages;
    auto built =
        BuildEnvironment(std::move(plan), finder_, IsolationRequest::kProcess);
    if (built.ok()) {
      listing.environment = *std::move(built);
    } else {
      listing.problem = built.status();
    }
  }
  return listings;
}

bool LockEnvironmentStore::HasSubinterpreters() {
  return NewestWithSubinterpreters(finder_).has_value();
}

}  // namespace envknit
