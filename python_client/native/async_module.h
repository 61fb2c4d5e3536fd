// The part of envknit._core for event loops.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_MODULE_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_MODULE_H_

#include <pybind11/pybind11.h>

namespace envknit::native {

// Adds the class AsyncCalls. Those of Session and Target come before.
void AddAsyncCalls(pybind11::module_& module);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_MODULE_H_
