#ifndef ENVKNIT_SERVER_PYVALUE_VALUE_STREAM_H_
#define ENVKNIT_SERVER_PYVALUE_VALUE_STREAM_H_

#include <Python.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "server/pyvalue/buffer_tensor.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// The serialized message Value of one object, of any size, to be read in
// pieces: what a Fetch or Put sends. The elements of a contiguous array, a
// bytes object and a bytearray are borrowed from the object, which is held;
// anything else is encoded once into memory of its own. No user code runs.
// Needs the GIL, except for what says otherwise.
class ValueStream final {
 public:
  // kResult as ValueEncoder::EncodeByValue, and arrays as tensors; kArgument as
  // EncodeArgument.
  enum class Mode { kResult, kArgument };

  // nullptr: `error` is filled, with paths inside the object. The limits of
  // depth and elements hold, that of bytes doesn't. `handles` is used only
  // here.
  static std::unique_ptr<ValueStream> Open(PyObject* object, Mode mode,
                                           const ValueLimits& limits,
                                           HandleEncoder* handles,
                                           CodecError& error);
  ValueStream(const ValueStream&) = delete;
  ValueStream& operator=(const ValueStream&) = delete;

  std::size_t size() const { return head_.size() + body_.size(); }

  // The bytes [offset, offset + count), which must be there: up to two pieces.
  // Without the GIL.
  std::array<std::string_view, 2> Pieces(std::size_t offset,
                                         std::size_t count) const;

 private:
  ValueStream() = default;

  bool Encode(PyObject* object, Mode mode, const ValueLimits& limits,
              HandleEncoder* handles, CodecError& error);
  bool OpenTensor(PyObject* object, CodecError& error);
  void OpenBytes(PyObject* bytes);
  bool OpenBytearray(PyObject* object, CodecError& error);

  // What comes first, and memory of ours.
  ByteWriter owned_;
  std::string_view head_;
  std::string_view body_;
  // Hold what `body_` points to.
  PyRef bytes_;
  BufferTensor tensor_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_VALUE_STREAM_H_
