// The buffer protocol for proxies of remote arrays.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_BUFFER_OWNER_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_BUFFER_OWNER_H_

#include <pybind11/pybind11.h>

namespace envknit::native {

// A base class without fields whose buffer is that of what the object's
// `_envknit_buffer()` returns. In C because Python classes can't have buffers
// of their own before 3.12. Throws what Python raises.
pybind11::object MakeBufferOwner();

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_BUFFER_OWNER_H_
