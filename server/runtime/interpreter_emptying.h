#ifndef ENVKNIT_SERVER_RUNTIME_INTERPRETER_EMPTYING_H_
#define ENVKNIT_SERVER_RUNTIME_INTERPRETER_EMPTYING_H_

namespace envknit {

// Drops what an interpreter that is not finalized would hold for ever: the
// modules of user code and of the standard library that are written in Python,
// and what only they hold. Needs the GIL; runs user code (__del__). Leaves no
// Python exception set.
void DropModules();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_INTERPRETER_EMPTYING_H_
