#ifndef ENVKNIT_SERVER_PYVALUE_VALUE_ENCODER_H_
#define ENVKNIT_SERVER_PYVALUE_VALUE_ENCODER_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/limits.h"

namespace envknit {

// Writes Python objects as the message envknit.v1.Value. One encoder serves
// many messages, one at a time: BeginMessage() before each. Exact types only,
// by the type's address; no user code runs. Needs the GIL; not thread safe.
// Methods append the field `field` (number of the enclosing message) to `out`
// and return true, or leave `out` as it was, fill `error` and return false.
class ValueEncoder final {
 public:
  // `handles` is borrowed.
  ValueEncoder(const ValueLimits& limits, HandleEncoder* handles)
      : limits_(limits), handles_(handles) {}

  // Forgets the elements counted so far.
  void BeginMessage() { elements_ = 0; }

  // A result whose form is left to us: plain data by value, a tuple element by
  // element, everything else as one handle. Fails only if the hook does.
  bool EncodeAuto(ByteWriter& out, uint32_t field, PyObject* object,
                  CodecError& error);

  // An element of a list whose elements are results of their own: as
  // EncodeAuto, one level deeper, and counted.
  bool EncodeAutoItem(ByteWriter& out, uint32_t field, PyObject* object,
                      CodecError& error);

  // How many elements the message may still have.
  uint32_t elements_left() const { return limits_.elements - elements_; }

  // By value all the way down, arrays as tensors, or kNotByValue / kOverLimit
  // with the path of the first element that can't be.
  bool EncodeByValue(ByteWriter& out, uint32_t field, PyObject* object,
                     CodecError& error);

  // As a handle, whatever it is.
  bool EncodeHandle(ByteWriter& out, uint32_t field, PyObject* object,
                    CodecError& error);

  // The elements of a buffer exporter as a tensor, or kNotByValue.
  bool EncodeTensor(ByteWriter& out, uint32_t field, PyObject* object,
                    CodecError& error);

  // An argument: containers element by element, plain data by value, what the
  // hook takes as a handle, buffer exporters as tensors, callables of the
  // standard library by name; anything else is kNotByValue with its path inside
  // `object`.
  bool EncodeArgument(ByteWriter& out, uint32_t field, PyObject* object,
                      CodecError& error);

 private:
  enum class Mode { kAuto, kByValue, kArgument };
  // kOther: not of the kinds the function knows, nothing was written.
  enum class Tried { kDone, kOther, kFailed };

  bool EncodeBody(ByteWriter& out, PyObject* object, Mode mode, uint32_t depth,
                  CodecError& error);
  Tried TryContainer(ByteWriter& out, PyObject* object, Mode mode,
                     uint32_t depth, CodecError& error);
  bool EncodeSequence(ByteWriter& out, PyObject* sequence, bool tuple,
                      Mode mode, uint32_t depth, CodecError& error);
  bool EncodeSet(ByteWriter& out, uint32_t kind, PyObject* set, Mode mode,
                 uint32_t depth, CodecError& error);
  bool EncodeDict(ByteWriter& out, PyObject* dict, Mode mode, uint32_t depth,
                  CodecError& error);
  Tried TryExt(ByteWriter& out, PyObject* object, Mode mode, uint32_t depth,
               CodecError& error);
  bool EncodeLeaf(ByteWriter& out, PyObject* object, Mode mode,
                  CodecError& error);
  // kOther: `why` may say more than that.
  Tried TryTensor(ByteWriter& out, PyObject* object, Mode mode,
                  std::string& why, CodecError& error);
  bool WriteTensorOf(ByteWriter& out, PyObject* object, bool scalar,
                     CodecError& error);
  std::size_t Budget(const ByteWriter& out, Mode mode) const;
  bool EncodeAutoBody(ByteWriter& out, PyObject* object, uint32_t depth,
                      CodecError& error);
  // The handle of a result: with its elements, if CarriesItems().
  bool EncodeAutoHandle(ByteWriter& out, PyObject* object, uint32_t depth,
                        CodecError& error);
  bool CarriesItems(const ByteWriter& out, PyObject* object,
                    uint32_t depth) const;
  bool EncodeHandleBody(ByteWriter& out, PyObject* object, CodecError& error);

  bool CountElements(std::size_t count, CodecError& error);
  bool CheckDepth(uint32_t depth, CodecError& error) const;
  std::size_t ByteLimit(Mode mode) const {
    return mode == Mode::kArgument ? limits_.message_bytes : byte_limit_;
  }

  const ValueLimits limits_;
  HandleEncoder* const handles_;
  uint32_t elements_ = 0;
  // Size of the buffer beyond which nothing more goes by value.
  std::size_t byte_limit_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_VALUE_ENCODER_H_
