#ifndef ENVKNIT_SERVER_RUNTIME_EXTENSION_GUARD_H_
#define ENVKNIT_SERVER_RUNTIME_EXTENSION_GUARD_H_

namespace envknit {

// Keeps an extension module that could not be initialized in one interpreter
// of this process from being tried in another. CPython 3.12 finds out that a
// module can't load in a sub-interpreter by running its init function, which
// leaves objects of that interpreter in the module's static variables; the next
// interpreter's attempt frees them with its own allocator, and the process dies
// (seen with _datetime). No two init functions run at the same time, either.

// For the current interpreter. False: a Python exception is set.
bool GuardExtensions();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_EXTENSION_GUARD_H_
