#ifndef ENVKNIT_SERVER_PYVALUE_VALUE_DECODER_H_
#define ENVKNIT_SERVER_PYVALUE_VALUE_DECODER_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/key_cache.h"
#include "server/pyvalue/limits.h"

namespace envknit {

// Whether a message may name callables that are then imported: a worker
// resolves what its callers name, a client imports nothing for a worker.
enum class CallableReferences { kRefused, kResolved };

// Reads the message envknit.v1.Value into Python objects. The bytes are
// untrusted: depth, counts, text, tensors are checked, memory grows with the
// bytes that are there. One decoder serves many messages, one at a time:
// BeginMessage() before each. Needs the GIL; not thread safe (the hooks may run
// Python code, but must not use this decoder).
class ValueDecoder final {
 public:
  // The hooks are borrowed.
  ValueDecoder(const ValueLimits& limits, HandleDecoder* handles,
               TensorDecoder* tensors,
               CallableReferences references = CallableReferences::kRefused)
      : limits_(limits),
        handles_(handles),
        tensors_(tensors),
        references_(references) {}
  ValueDecoder(const ValueDecoder&) = delete;
  ValueDecoder& operator=(const ValueDecoder&) = delete;

  // Forgets the elements counted so far.
  void BeginMessage() { elements_ = 0; }

  // New reference, or nullptr with `error` filled (its path starts inside the
  // value: the caller prepends where the value was).
  PyObject* Decode(std::string_view value, CodecError& error);

 private:
  PyObject* DecodeValue(std::string_view bytes, uint32_t depth,
                        CodecError& error);
  PyObject* DecodeKind(uint32_t field, std::string_view bytes, uint32_t depth,
                       CodecError& error);
  // `kind` is the field of Value: list, tuple, set or frozenset.
  PyObject* DecodeList(uint32_t kind, std::string_view bytes, uint32_t depth,
                       CodecError& error);
  PyObject* BuildCollection(uint32_t kind, std::size_t base, CodecError& error);
  PyObject* DecodeDict(std::string_view bytes, uint32_t depth,
                       CodecError& error);
  PyObject* DecodeKey(std::string_view bytes, uint32_t depth,
                      CodecError& error);
  PyObject* DecodePacked(bool floats, std::string_view bytes,
                         CodecError& error);
  PyObject* DecodeExt(std::string_view bytes, uint32_t depth,
                      CodecError& error);
  PyObject* DecodeHandle(std::string_view bytes, uint32_t depth,
                         CodecError& error);
  // The elements that a Handle carries: a tuple, empty if there are none.
  PyObject* DecodeHandleItems(std::string_view handle, uint32_t depth,
                              CodecError& error);
  PyObject* DecodeTensor(std::string_view bytes, CodecError& error);
  PyObject* DecodeCallable(std::string_view bytes, CodecError& error);

  bool CountElements(std::size_t count, CodecError& error);
  bool CheckDepth(uint32_t depth, CodecError& error) const;
  // Drops the references of stack_ from `base` on.
  void PopTo(std::size_t base);

  const ValueLimits limits_;
  HandleDecoder* const handles_;
  TensorDecoder* const tensors_;
  const CallableReferences references_;
  uint32_t elements_ = 0;
  // Items of the containers that are being read, one after the other: lists
  // are built once their length is known.
  std::vector<PyObject*> stack_;
  KeyCache keys_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_VALUE_DECODER_H_
