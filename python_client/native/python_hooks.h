// What the pure Python part of the package gives to the extension module.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_PYTHON_HOOKS_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_PYTHON_HOOKS_H_

#include <pybind11/pybind11.h>

namespace envknit::native {

// Classes and functions that the module calls back. Given once per Connection;
// shared by its sessions. Needs the GIL, also to be destroyed.
struct PythonHooks {
  // Base class of proxies for handles; their `_envknit_handle` is a Handle.
  pybind11::object remote_object;
  // Base class of proxies for what is named by a path; `resolve(proxy)` asks
  // the worker for it and answers a Handle.
  pybind11::object named_proxy;
  pybind11::object resolve;
  // make_class(info: dict) -> subclass of remote_object.
  pybind11::object make_class;
  // make_exception(info: dict) -> exception: what user code raised.
  pybind11::object make_exception;
  // make_error(code, reason, message, metadata) -> exception: anything else.
  pybind11::object make_error;
  // worker_replaced(context): the session's worker is a new one.
  pybind11::object worker_replaced;
  // Class of the contexts whose proxies are awaitable, and async_class(type):
  // the awaitable form of a class that make_class made.
  pybind11::object async_context;
  pybind11::object async_class;
  // copy_of_foreign(remote) -> a local copy of an object of another worker, to
  // be copied on; raises for what has none.
  pybind11::object copy_of_foreign;
  // The interned attribute name "_envknit_handle".
  pybind11::str handle_name;
};

// Makes the exception that `make_error` gives and throws it.
[[noreturn]] void ThrowError(const PythonHooks& hooks, int code,
                             const char* reason, const std::string& message,
                             const pybind11::dict& metadata = pybind11::dict());

// Runs Python's signal handlers; true if one raised, and then its exception is
// set. Takes the GIL.
bool SignalRaised();

// Throws a Python exception object.
[[noreturn]] void ThrowException(const pybind11::object& exception);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_PYTHON_HOOKS_H_
