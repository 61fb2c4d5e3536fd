#ifndef ENVKNIT_SERVER_ENV_INTERPRETER_CHOICE_H_
#define ENVKNIT_SERVER_ENV_INTERPRETER_CHOICE_H_

#include "absl/status/statusor.h"
#include "absl/types/optional.h"

#include "envknit/environment.h"
#include "server/env/environment_builder.h"
#include "server/env/interpreter_finder.h"

namespace envknit {

// The Python that runs a plan in processes: the pinned one, else by the ABI of
// the compiled files, else the preferred minor. Whether there is a runtime for
// it is the caller's to check. Errors: ENV_NOT_INSTALLED (the pinned one can't
// load what is compiled), INTERPRETER_NOT_FOUND. Blocks, as do the others.
absl::StatusOr<Interpreter> ChooseInterpreter(const EnvironmentPlan& plan,
                                              InterpreterFinder& finder);

// The Python that runs a plan in sub-interpreters when these were asked for:
// the pinned or the preferred one if it has them and a runtime, else the newest
// that does.
// Compiled files don't decide: those for another Python just can't be imported.
// Error: RUNTIME_NOT_AVAILABLE {python, found}.
absl::StatusOr<Interpreter> ChooseSubinterpreterPython(
    const EnvironmentPlan& plan, InterpreterFinder& finder);

// The newest Python that has sub-interpreters and a runtime.
absl::optional<Interpreter> NewestWithSubinterpreters(
    InterpreterFinder& finder);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_INTERPRETER_CHOICE_H_
