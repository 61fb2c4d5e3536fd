#ifndef ENVKNIT_SERVER_RUNTIME_OBJECT_DESCRIBER_H_
#define ENVKNIT_SERVER_RUNTIME_OBJECT_DESCRIBER_H_

#include <Python.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// Writes what people and their tools ask about an object: the message
// ObjectDescription. The looking is done by Python's own inspect module, which
// is loaded with the first request. Owned by the runtime; needs the GIL.
class ObjectDescriber final {
 public:
  // `runtime_dir` has describe_object.py.
  ObjectDescriber(const ValueLimits& limits, std::string runtime_dir)
      : limits_(limits), runtime_dir_(std::move(runtime_dir)) {}
  ObjectDescriber(const ObjectDescriber&) = delete;
  ObjectDescriber& operator=(const ObjectDescriber&) = delete;

  // Appends `field`. `type_info` is the object's TypeInfo message. Runs user
  // code (`__dir__`, `__doc__`, `__signature__`, reprs of defaults): what it
  // raises leaves out that part of the description. False: a Python exception
  // is set, of the object's own repr() or one that must not be swallowed, such
  // as KeyboardInterrupt.
  bool Write(ByteWriter& out, uint32_t field, PyObject* object,
             std::string_view type_info, bool with_repr);

 private:
  bool Load();
  bool WriteNames(ByteWriter& out, PyObject* names);
  bool WriteSignature(ByteWriter& out, PyObject* signature);
  bool WriteParameter(ByteWriter& out, PyObject* parameter);
  bool WriteDefault(ByteWriter& out, PyObject* value);

  const ValueLimits limits_;
  const std::string runtime_dir_;
  // The function of describe_object.py.
  PyRef describe_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_OBJECT_DESCRIBER_H_
