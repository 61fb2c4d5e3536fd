// How workers of an environment are isolated from each other.
#ifndef ENVKNIT_ISOLATION_H_
#define ENVKNIT_ISOLATION_H_

#include <string>

namespace envknit {

enum class IsolationKind { kProcess = 1, kSubinterpreter = 2 };

// What a client may ask for. kAuto: an interpreter if everything in the
// environment loads in one, else a process; it never changes which Python runs.
enum class IsolationRequest { kProcess = 1, kSubinterpreter = 2, kAuto = 3 };

// What a request for kAuto came to.
struct IsolationChoice {
  IsolationKind kind = IsolationKind::kProcess;
  // Why, for people: "numpy: C extension can't load in a sub-interpreter".
  std::string reason;
};

}  // namespace envknit

#endif  // ENVKNIT_ISOLATION_H_
