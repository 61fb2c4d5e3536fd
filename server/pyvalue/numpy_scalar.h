#ifndef ENVKNIT_SERVER_PYVALUE_NUMPY_SCALAR_H_
#define ENVKNIT_SERVER_PYVALUE_NUMPY_SCALAR_H_

#include <Python.h>

#include "server/pyvalue/python_ref.h"

namespace envknit {

// The plain object a numpy scalar widens to exactly: bool, int, float, complex,
// str or bytes. Empty, without an exception, for every other object: subclasses
// made in Python, long double, dates, records. Runs numpy's own C code only.
PyRef WidenNumpyScalar(PyObject* object);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_NUMPY_SCALAR_H_
