#ifndef ENVKNIT_SERVER_RUNTIME_NAME_KIND_H_
#define ENVKNIT_SERVER_RUNTIME_NAME_KIND_H_

#include <Python.h>

#include "server/runtime/runtime_schema.h"

namespace envknit {

// What a proxy does with a name whose value (in a dict, not bound) is `value`.
// From its type's slots: asking it for anything could run its code.
schema::NameKind KindOf(PyObject* value);

// Whether calling it is all that a proxy does with it: functions and plain
// classes, and not a callable with items or arithmetic, whose proxy must have
// these, too.
bool IsOnlyCalled(PyObject* value);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_NAME_KIND_H_
