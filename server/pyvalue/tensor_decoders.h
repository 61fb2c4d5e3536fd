#ifndef ENVKNIT_SERVER_PYVALUE_TENSOR_DECODERS_H_
#define ENVKNIT_SERVER_PYVALUE_TENSOR_DECODERS_H_

#include <Python.h>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// Tensors as writable memoryviews with their shape, in C order, for a Python
// without numpy. Element types that memoryview has no format for (text, dates,
// float16 before 3.12, long double) are refused. Stateless.
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
// Owned by the worker's runtime; needs the GIL.
class NumpyTensorDecoder final : public TensorDecoder {
 public:
  PyObject* Decode(const TensorFields& tensor, CodecError& error) override;
  TensorRoom Allocate(const TensorFields& tensor, CodecError& error) override;

 private:
  // False: no numpy here (no exception is set), or its import failed (one is).
  bool FindNumpy();
  TensorRoom NewArray(const TensorFields& tensor);
  PyObject* NewStrided(const TensorFields& tensor);

  PyRef empty_;
  PyRef ndarray_;
  MemoryviewTensorDecoder without_numpy_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_TENSOR_DECODERS_H_
