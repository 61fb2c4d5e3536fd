// Proxies among the arguments of a call.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ARGUMENT_PROXIES_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ARGUMENT_PROXIES_H_

#include "python_client/native/python_hooks.h"
#include "server/pyvalue/hooks.h"

namespace envknit::native {

class Session;
class Handle;

// Tells the encoder which arguments cross as handles: remote objects, and named
// proxies (`np.float32`), which are resolved by asking the worker. Refuses
// handles of other sessions. Lives for one call; borrows both. Needs the GIL.
class ArgumentProxies final : public HandleEncoder {
 public:
  ArgumentProxies(const Session& session, const PythonHooks& hooks)
      : session_(session), hooks_(hooks) {}

  Answer Encode(PyObject* object, HandleFields& handle,
                CodecError& error) override;

 private:
  Answer Take(const pybind11::object& owner, HandleFields& handle,
              CodecError& error);

  const Session& session_;
  const PythonHooks& hooks_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ARGUMENT_PROXIES_H_
