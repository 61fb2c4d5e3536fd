#include "server/runtime/interpreter_emptying.h"

#include <Python.h>

#include "server/pyvalue/python_ref.h"

namespace envknit {

void DropModules() { PyGC_Collect(); }

}  // namespace envknit
