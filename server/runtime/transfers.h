#ifndef ENVKNIT_SERVER_RUNTIME_TRANSFERS_H_
#define ENVKNIT_SERVER_RUNTIME_TRANSFERS_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/tensor_decoders.h"
#include "server/pyvalue/value_decoder.h"
#include "server/runtime/object_table.h"
#include "server/runtime/transfer_request.h"

namespace envknit {

// Values of any size on their way out of the worker or into it, one chunk for
// each call. What is under way between two chunks is an object of the session
// like any other: released by its handle, and gone with the session. Owned by
// the runtime; needs the GIL.
class Transfers final {
 public:
  // `objects` and `tensors` are borrowed.
  Transfers(const ValueLimits& limits, ObjectTable& objects,
            NumpyTensorDecoder& tensors);
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  // Appends the fields of a FetchResponse. `object` is what the request's
  // target is, nullptr if it names a transfer. `more` is set if this chunk is
  // not the last. False: `error` is filled.
  bool Fetch(const FetchRequestView& request, PyObject* object, ByteWriter& out,
             bool& more, CodecError& error);

  // Takes in one chunk. After the last, `value` is the object; else `more` is
  // set, and the fields of a PutResponse are appended. False: `error` is
  // filled.
  bool Put(const PutRequestView& request, PyRef& value, ByteWriter& out,
           bool& more, CodecError& error);

 private:
  // The transfer of that kind a request names. Empty: `error` is filled.
  PyRef Find(std::string_view handle, const char* kind, uint64_t& id,
             CodecError& error);

  const ValueLimits limits_;
  ObjectTable& objects_;
  NumpyTensorDecoder& tensors_;
  ValueDecoder decoder_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_TRANSFERS_H_
