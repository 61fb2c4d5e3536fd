#ifndef ENVKNIT_SERVER_RUNTIME_HANDLE_DETAILS_H_
#define ENVKNIT_SERVER_RUNTIME_HANDLE_DETAILS_H_

#include <Python.h>

#include "server/pyvalue/hooks.h"

namespace envknit {

// What a handle may say about its object because asking runs no user code.

// Whether len() of an instance runs nothing but C code of a builtin container
// or of numpy.
bool HasFreeLength(PyTypeObject* type);

// numpy's array type if `type` is it or a subclass, else nullptr.
PyTypeObject* FindNumpyArrayType(PyTypeObject* type);

// Fills handle.length if len() works; for types with HasFreeLength().
void FillLength(PyObject* object, HandleFields& handle);

// Fills handle.tensor through the getters of numpy's own array type, so that a
// subclass's properties are not run.
void FillTensorMeta(PyObject* array, PyTypeObject* ndarray,
                    HandleFields& handle);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_HANDLE_DETAILS_H_
