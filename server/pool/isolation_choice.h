#ifndef ENVKNIT_SERVER_POOL_ISOLATION_CHOICE_H_
#define ENVKNIT_SERVER_POOL_ISOLATION_CHOICE_H_

#include "absl/types/optional.h"

#include "envknit/call.h"
#include "envknit/environment.h"
#include "envknit/isolation.h"
#include "server/pool/import_probe.h"

// How an environment's workers are isolated when that is left to us, and what a
// trial means for a call. Pure.
namespace envknit {

// What needs no trial: a Python without sub-interpreters runs in processes.
// nullopt where everything that is to be imported must be tried.
absl::optional<IsolationChoice> ChooseWithoutTrial(
    const Environment& environment);

// After everything in the environment was tried: an interpreter if all loads,
// else a process, which runs every package.
IsolationChoice ChooseByVerdict(const Environment& environment,
                                const ImportVerdict& verdict);

// The call may load a C extension into the sub-interpreter it runs in, so its
// module is tried elsewhere first.
bool NeedsTrial(const CallSpec& call, const Environment& environment);

// How such a call ends without having run; nullopt if it may run.
absl::optional<CallResult> RefusalOf(const CallSpec& call,
                                     const ImportVerdict& verdict);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_ISOLATION_CHOICE_H_
