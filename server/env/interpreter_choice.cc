#include "server/env/interpreter_choice.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"

#include "server/base/annotated_status.h"
#include "server/env/compiled_files.h"
#include "server/env/runtime_catalog.h"

namespace envknit {
namespace {

// The minors that are named when no Python fits: everything anyone has.
constexpr int kOldestMinor = 8;
constexpr int kNewestMinor = 20;

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

// The Python a plan is pinned to.
absl::StatusOr<Interpreter> FindPinned(const EnvironmentPlan& plan,
                                       InterpreterFinder& finder) {
  const Interpreter& known = plan.known_interpreter;
  if (!known.path.empty() && known.path == plan.pinned_python) return known;
  return absl::StrContains(plan.pinned_python, '/')
             ? finder.AtPath(plan.pinned_python)
             : finder.OfVersion(plan.pinned_python);
}

bool CanServe(const Interpreter& python, const InterpreterFinder& finder) {
  return python.has_subinterpreters() &&
         !finder.runtimes().PathFor(python.abi_tag).empty();
}

}  // namespace

absl::StatusOr<Interpreter> ChooseInterpreter(const EnvironmentPlan& plan,
                                              InterpreterFinder& finder) {
  const Interpreter& known = plan.known_interpreter;
  const bool has_known = !known.path.empty();
  if (!plan.pinned_python.empty()) {
    absl::StatusOr<Interpreter> pinned = FindPinned(plan, finder);
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

absl::optional<Interpreter> NewestWithSubinterpreters(
    InterpreterFinder& finder) {
  for (const std::string& abi : finder.runtimes().Abis()) {
    Interpreter sought;
    sought.major = 3;
    sought.abi_tag = abi;
    const std::string version = VersionOfAbi(abi);
    // Before anything is looked for: it takes starting it.
    if (!absl::StartsWith(version, "3.") ||
        !absl::SimpleAtoi(version.substr(2), &sought.minor) ||
        !sought.has_subinterpreters()) {
      continue;
    }
    absl::StatusOr<Interpreter> python = finder.OfAbi(abi);
    if (python.ok()) return *std::move(python);
  }
  return absl::nullopt;
}

absl::StatusOr<Interpreter> ChooseSubinterpreterPython(
    const EnvironmentPlan& plan, InterpreterFinder& finder) {
  if (!plan.pinned_python.empty()) {
    absl::StatusOr<Interpreter> pinned = FindPinned(plan, finder);
    if (pinned.ok() && CanServe(*pinned, finder)) return pinned;
  }
  if (!plan.preferred_python.empty()) {
    absl::StatusOr<Interpreter> preferred =
        finder.OfVersion(plan.preferred_python);
    if (preferred.ok() && CanServe(*preferred, finder)) return preferred;
  }
  absl::optional<Interpreter> newest = NewestWithSubinterpreters(finder);
  if (newest.has_value()) return *std::move(newest);
  // One that the client runs on, where nobody looks.
  if (CanServe(plan.known_interpreter, finder)) return plan.known_interpreter;

  std::vector<std::string> found;
  for (int minor = kOldestMinor; minor <= kNewestMinor; ++minor) {
    const absl::StatusOr<Interpreter> python =
        finder.OfVersion(absl::StrCat("3.", minor));
    if (!python.ok()) continue;
    found.push_back(absl::StrCat(python->version, " (", python->path, ")"));
  }
  const std::string list = found.empty() ? "none" : absl::StrJoin(found, ", ");
  return MakeError(
      ErrorReason::kRuntimeNotAvailable,
      absl::StrCat("sub-interpreters need Python 3.12 or newer with a worker "
                   "runtime of this installation, which has: ",
                   absl::StrJoin(finder.runtimes().Abis(), ", "),
                   "; Pythons found here: ", list),
      {{"python", "3.12 or newer"}, {"found", list}});
}

}  // namespace envknit
