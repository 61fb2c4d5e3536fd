#ifndef ENVKNIT_SERVER_RUNTIME_OWN_GIL_H_
#define ENVKNIT_SERVER_RUNTIME_OWN_GIL_H_

#include <Python.h>

#include "server/frame/result.h"

namespace envknit {

// Interpreters with a GIL and an allocator of their own (PEP 684), in which
// neither fork, exec nor daemon threads are allowed, and only extension modules
// that say that they can be loaded. For Python 3.12 and later.

// Makes one for the calling thread, which has no thread state yet; afterwards
// it is in it, with its GIL. Error (kResourceExhausted): Python couldn't.
Result<PyThreadState*> EnterNewInterpreter();

// Leaves it without finalizing it: CPython 3.12 aborts there after asyncio, ssl
// or hashlib were used. `self` is the current thread state. Nothing may run in
// the interpreter but threads that user code started.
void AbandonInterpreter(PyThreadState* self);

// Whether other threads than `self` have a state in its interpreter. Needs the
// GIL.
bool HasOtherThreads(PyThreadState* self);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_OWN_GIL_H_
