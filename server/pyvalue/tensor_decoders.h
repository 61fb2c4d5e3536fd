#ifndef ENVKNIT_SERVER_PYVALUE_TENSOR_DECODERS_H_
#define ENVKNIT_SERVER_PYVALUE_TENSOR_DECODERS_H_

#include <Python.h>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// Tensors as writable memoryviews with their shape, in C order, for a Python
// without numpy. Element types that memoryview has no format for (text, dates,
// complex, float16 before 3.12, long double, fields) are refused. Stateless.
class MemoryviewTensorDecoder final : public TensorDecoder {
 public:
  PyObject* Decode(const TensorFields& tensor, CodecError& error) override;
  TensorRoom Allocate(const TensorFields& tensor, CodecError& error) override;

 private:
  TensorRoom NewView(const TensorFields& tensor, const char* format,
                     CodecError& error);
};

// Tensors as real, writable arrays of this Python's own numpy, which is
// imported when the first tensor comes; as memoryviews if there is no numpy.
// One for each decoder; needs the GIL.
class NumpyTensorDecoder final : public TensorDecoder {
 public:
  PyObject* Decode(const TensorFields& tensor, CodecError& error) override;
  TensorRoom Allocate(const TensorFields& tensor, CodecError& error) override;

 private:
  // False: no numpy here (no exception is set), or its import raised (one is).
  bool FindNumpy();
  // Empty: `error` is filled.
  PyRef FindDtype(const TensorFields& tensor, CodecError& error);
  TensorRoom NewArray(const TensorFields& tensor, PyObject* dtype);
  PyObject* NewStrided(const TensorFields& tensor, PyObject* dtype);

  PyRef empty_;
  PyRef dtype_;
  PyRef ndarray_;
  MemoryviewTensorDecoder without_numpy_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_TENSOR_DECODERS_H_
