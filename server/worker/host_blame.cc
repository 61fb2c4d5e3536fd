#include "server/worker/host_blame.h"

#include <algorithm>

namespace envknit {

std::vector<bool> JudgeCollateral(
    const std::vector<InterpreterAtDeath>& interpreters, bool culprit_left) {
  bool InterpreterAtDeath::*guilty = &InterpreterAtDeath::killed_for;
  const auto any = [&interpreters](bool InterpreterAtDeath::*what) {
    return std::any_of(
        interpreters.begin(), interpreters.end(),
        [what](const InterpreterAtDeath& one) { return one.*what; });
  };
  bool known = culprit_left || any(guilty);
  for (bool InterpreterAtDeath::*next :
       {&InterpreterAtDeath::ends_process, &InterpreterAtDeath::running}) {
    if (known) break;
    guilty = next;
    known = any(guilty);
  }
  std::vector<bool> collateral;
  collateral.reserve(interpreters.size());
  for (const InterpreterAtDeath& one : interpreters) {
    collateral.push_back(known && !(one.*guilty));
  }
  return collateral;
}

}  // namespace envknit
