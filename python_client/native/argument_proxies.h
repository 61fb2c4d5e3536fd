// Proxies among the arguments of a call.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ARGUMENT_PROXIES_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ARGUMENT_PROXIES_H_

#include <pybind11/pybind11.h>

#include <unordered_map>

#include "python_client/native/python_hooks.h"
#include "python_client/native/session.h"
#include "server/pyvalue/hooks.h"

namespace envknit::native {

// Arguments of a call that copies nothing into the worker don't fit in a
// message, or are another worker's.
struct ArgumentsTooLarge {};

// Tells the encoder which arguments cross as handles: remote objects; named
// proxies (`np.float32`), which are resolved by asking the worker; large
// arrays, wherever they stand, which are copied into the worker before; and so
// are arrays and plain data of other workers, whose other objects are refused.
// Lives for one call, as do the copies; borrows everything. Needs the GIL.
class ArgumentProxies final : public HandleEncoder {
 public:
  // With an empty `put` nothing is copied: what would have to be throws
  // ArgumentsTooLarge.
  ArgumentProxies(const Session& session, const PythonHooks& hooks,
                  const PutArgument& put)
      : session_(session), hooks_(hooks), put_(put) {}

  // Whether the object stands for one in a worker.
  bool IsProxy(PyObject* object) const;

  // The proxy of a copy in the worker.
  pybind11::object Put(const ValueStream& stream) const;
  void CheckCanPut() const;

  Answer Encode(PyObject* object, HandleFields& handle,
                CodecError& error) override;

 private:
  // `owner` is a Handle, `proxy` what stands for it.
  Answer Take(const pybind11::object& owner, const pybind11::object& proxy,
              HandleFields& handle, CodecError& error);
  Answer TakeCopy(PyObject* original, PyObject* value, HandleFields& handle,
                  CodecError& error);

  const Session& session_;
  const PythonHooks& hooks_;
  const PutArgument& put_;
  // Proxies of the copies, by what they are copies of: an object that is given
  // twice is one in the worker, too.
  std::unordered_map<PyObject*, pybind11::object> copies_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ARGUMENT_PROXIES_H_
