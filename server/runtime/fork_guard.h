#ifndef ENVKNIT_SERVER_RUNTIME_FORK_GUARD_H_
#define ENVKNIT_SERVER_RUNTIME_FORK_GUARD_H_

#include <array>

namespace envknit {

// What becomes of a child that user code forks: it must not speak on the
// worker's channels. Process-wide, because the hook of fork() is.

// Closes these descriptors (-1 for none) in every child from now on. Once per
// process, before any user code. False: the hook could not be installed.
bool GuardForks(const std::array<int, 3>& fds);

// Whether this process is such a child.
bool IsForkedChild();

// To be called by the child where its call would return, with the GIL: reports
// the Python exception that is set, if one is, flushes and ends the process:
// status 0, 1, or what SystemExit says.
[[noreturn]] void EndForkedChild();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_FORK_GUARD_H_
