#ifndef ENVKNIT_SERVER_PYVALUE_BUFFER_TENSOR_H_
#define ENVKNIT_SERVER_PYVALUE_BUFFER_TENSOR_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// The elements of a buffer exporter as the message Tensor. Holds the buffer
// while it lives. Needs the GIL.
class BufferTensor final {
 public:
  BufferTensor() = default;
  BufferTensor(const BufferTensor&) = delete;
  BufferTensor& operator=(const BufferTensor&) = delete;
  ~BufferTensor();

  // Once. False: `error` is kNotByValue (object dtype, foreign byte order,
  // elements of no kind that numpy has, no buffer at all).
  bool Open(PyObject* exporter, CodecError& error);

  // Of all elements together.
  std::size_t bytes() const { return static_cast<std::size_t>(view_.len); }
  // C or Fortran order: data() is what crosses. Anything else is packed to C
  // order by CopyTo().
  bool is_contiguous() const { return c_order_ || fortran_order_; }
  const char* data() const { return static_cast<const char*>(view_.buf); }

  // Everything of the message but the elements, which must follow.
  void WriteHead(ByteWriter& out) const;
  // Writes bytes() bytes. False: a Python exception is set.
  bool CopyTo(char* to);

 private:
  // False: a Python exception is set.
  bool Acquire(PyObject* exporter);
  void Release();

  Py_buffer view_ = {};
  bool held_ = false;
  bool c_order_ = false;
  bool fortran_order_ = false;
  std::string typestr_;
  std::string descr_;
  // An array of dates, or with fields, seen as plain elements.
  PyRef plain_;
};

// Appends the elements of a buffer exporter as the field `field`, a message
// Tensor: C and Fortran order as they are, anything else packed to C order.
// False: `error` is kNotByValue as above or kOverLimit (`out` would exceed
// `byte_limit`).
bool WriteBufferTensor(ByteWriter& out, uint32_t field, PyObject* exporter,
                       std::size_t byte_limit, CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_BUFFER_TENSOR_H_
