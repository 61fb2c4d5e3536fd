#include "server/pool/isolation_choice.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

#include "server/pool/pool_errors.h"
#include "server/pool/wire_bytes.h"

namespace envknit {
namespace {

using Kind = ImportVerdict::Kind;

// A target is cut here (server/rpc/routing.h): a longer one is no module that
// there is.
constexpr std::size_t kMaxModuleBytes = 255;

IsolationChoice Process(std::string reason) {
  return {IsolationKind::kProcess, std::move(reason)};
}

IsolationChoice Subinterpreter(std::string reason) {
  return {IsolationKind::kSubinterpreter, std::move(reason)};
}

}  // namespace

absl::optional<IsolationChoice> ChooseWithoutTrial(
    const Environment& environment) {
  const Interpreter& python = environment.interpreter;
  if (python.has_subinterpreters()) {
    if (environment.contents.has_value() &&
        environment.contents->import_names.empty()) {
      return Subinterpreter("nothing is installed that might not load");
    }
    return absl::nullopt;
  }
  if (python.major == 3 && python.minor < 12) {
    return Process(absl::StrCat("Python ", python.major, ".", python.minor,
                                " has no interpreters with a GIL of their "
                                "own"));
  }
  return Process(
      absl::StrCat("sub-interpreters need the ordinary build of "
                   "CPython, not ",
                   python.abi_tag));
}

IsolationChoice ChooseByVerdict(const Environment& environment,
                                const ImportVerdict& verdict) {
  switch (verdict.kind) {
    case Kind::kLoads: {
      const std::size_t modules =
          environment.contents.has_value()
              ? environment.contents->import_names.size()
              : 0;
      return Subinterpreter(
          modules == 1 ? "its only module loads in a sub-interpreter"
                       : absl::StrCat("all ", modules,
                                      " modules load in a sub-interpreter"));
    }
    case Kind::kIncompatible:
      // What the worker says is an exception's text; a crash has none.
      return Process(
          verdict.response.empty()
              ? absl::StrCat(verdict.module, ": in a sub-interpreter, ",
                             verdict.why)
              : absl::StrCat(verdict.module,
                             ": C extension can't load in a sub-interpreter"));
    case Kind::kFailed:
      return Process(absl::StrCat(
          verdict.module,
          ": can't be imported in a sub-interpreter: ", verdict.why));
    case Kind::kUntried:
      break;
  }
  return Process(
      absl::StrCat("no sub-interpreter could be tried: ", verdict.why));
}

bool NeedsTrial(const CallSpec& call, const Environment& environment) {
  if (call.target.empty() || call.target.size() > kMaxModuleBytes) return false;
  if (call.kind == CallKind::kTryImport) return true;
  return call.kind == CallKind::kImport && environment.contents.has_value() &&
         environment.contents->has_compiled_files;
}

absl::optional<CallResult> RefusalOf(const CallSpec& call,
                                     const ImportVerdict& verdict) {
  CallResult refusal;
  switch (verdict.kind) {
    case Kind::kLoads:
    case Kind::kFailed:
      return absl::nullopt;
    case Kind::kUntried:
      refusal.status = verdict.problem;
      return refusal;
    case Kind::kIncompatible:
      break;
  }
  if (call.kind == CallKind::kImport) {
    refusal.status = CextIncompatible(call.target, verdict.why);
  } else {
    refusal.body = verdict.response.empty() ? EncodeIncompatible(verdict.why)
                                            : verdict.response;
  }
  return refusal;
}

}  // namespace envknit
