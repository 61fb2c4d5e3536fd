#include "server/pyvalue/tensor_decoders.h"

#include <cstring>
#include <string>
#include <vector>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/structured_dtype.h"

namespace envknit {
namespace {

// Format for memoryview.cast() of an element; nullptr if it has none.
const char* CastFormat(const TensorFields& tensor) {
  switch (tensor.kind) {
    case 'b':
      return "?";
    case 'i':
      switch (tensor.item_bytes) {
        case 1:
          return "b";
        case 2:
          return "h";
        case 4:
          return "i";
        default:
          return "q";
      }
    case 'u':
      switch (tensor.item_bytes) {
        case 1:
          return "B";
        case 2:
          return "H";
        case 4:
          return "I";
        default:
          return "Q";
      }
    case 'f':
      if (tensor.item_bytes == 4) return "f";
      if (tensor.item_bytes == 8) return "d";
#if PY_VERSION_HEX >= 0x030C0000
      if (tensor.item_bytes == 2) return "e";
#endif
      return nullptr;
    case 'S':
      return tensor.item_bytes == 1 ? "c" : nullptr;
    default:
      return nullptr;
  }
}

// Copies strided elements to C order.
void PackToCOrder(const TensorFields& tensor, char* to) {
  const std::size_t dimensions = tensor.shape.size();
  std::vector<uint64_t> index(dimensions, 0);
  const char* from = tensor.data.data();
  while (true) {
    std::memcpy(to, from, tensor.item_bytes);
    to += tensor.item_bytes;
    std::size_t axis = dimensions;
    while (axis != 0) {
      --axis;
      from += tensor.strides[axis];
      if (++index[axis] < tensor.shape[axis]) break;
      from -= static_cast<int64_t>(tensor.shape[axis]) * tensor.strides[axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (dimensions == 0) return;
  }
}

std::size_t TotalBytes(const TensorFields& tensor) {
  std::size_t total = tensor.item_bytes;
  for (const uint64_t extent : tensor.shape) total *= extent;
  return total;
}

PyRef ShapeTuple(const TensorFields& tensor) {
  PyRef shape =
      PyRef::Steal(PyTuple_New(static_cast<Py_ssize_t>(tensor.shape.size())));
  if (!shape) return {};
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    PyObject* const extent = PyLong_FromUnsignedLongLong(tensor.shape[i]);
    if (extent == nullptr) return {};
    PyTuple_SET_ITEM(shape.get(), static_cast<Py_ssize_t>(i), extent);
  }
  return shape;
}

PyRef TypestrText(const TensorFields& tensor) {
  return PyRef::Steal(PyUnicode_FromStringAndSize(
      tensor.typestr.data(), static_cast<Py_ssize_t>(tensor.typestr.size())));
}

}  // namespace

TensorRoom MemoryviewTensorDecoder::Allocate(const TensorFields& tensor,
                                             CodecError& error) {
  const char* const format =
      tensor.descr.empty() ? CastFormat(tensor) : nullptr;
  if (format == nullptr) {
    error.Malformed(Concat({"elements of dtype '", Printable(tensor.typestr),
                            tensor.descr.empty() ? "'" : "' with fields",
                            " need numpy, which this Python does not have"}));
    return {};
  }
  // A memoryview is in C order.
  if (!tensor.c_order) return {};
  return NewView(tensor, format, error);
}

TensorRoom MemoryviewTensorDecoder::NewView(const TensorFields& tensor,
                                            const char* format,
                                            CodecError& error) {
  const std::size_t total = TotalBytes(tensor);
  const PyRef bytes = PyRef::Steal(
      PyByteArray_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(total)));
  if (!bytes) {
    error.Python();
    return {};
  }
  TensorRoom room;
  room.data = PyByteArray_AS_STRING(bytes.get());
  const PyRef flat = PyRef::Steal(PyMemoryView_FromObject(bytes.get()));
  // memoryview knows no extent of 0 beside others: an empty array is flat.
  const PyRef shape = total == 0 ? PyRef() : ShapeTuple(tensor);
  if (flat && (shape || total == 0)) {
    room.tensor = total == 0
                      ? PyObject_CallMethod(flat.get(), "cast", "s", format)
                      : PyObject_CallMethod(flat.get(), "cast", "sO", format,
                                            shape.get());
  }
  if (room.tensor == nullptr) error.Python();
  return room;
}

PyObject* MemoryviewTensorDecoder::Decode(const TensorFields& tensor,
                                          CodecError& error) {
  if (tensor.c_order) {
    const TensorRoom room = Allocate(tensor, error);
    if (room.tensor != nullptr && !tensor.data.empty()) {
      std::memcpy(room.data, tensor.data.data(), tensor.data.size());
    }
    return room.tensor;
  }
  TensorFields packed = tensor;
  packed.c_order = true;
  const TensorRoom room = Allocate(packed, error);
  if (room.tensor != nullptr) PackToCOrder(tensor, room.data);
  return room.tensor;
}

PyObject* NumpyTensorDecoder::Decode(const TensorFields& tensor,
                                     CodecError& error) {
  if (!FindNumpy()) {
    if (PyErr_Occurred() == nullptr) {
      return without_numpy_.Decode(tensor, error);
    }
    error.Python();
    return nullptr;
  }
  const PyRef dtype = FindDtype(tensor, error);
  if (!dtype) return nullptr;
  PyObject* array = nullptr;
  if (tensor.c_order || tensor.fortran_order) {
    const TensorRoom room = NewArray(tensor, dtype.get());
    array = room.tensor;
    if (array != nullptr && !tensor.data.empty()) {
      std::memcpy(room.data, tensor.data.data(), tensor.data.size());
    }
  } else {
    array = NewStrided(tensor, dtype.get());
  }
  if (array == nullptr) error.Python();
  return array;
}

TensorRoom NumpyTensorDecoder::Allocate(const TensorFields& tensor,
                                        CodecError& error) {
  if (!FindNumpy()) {
    if (PyErr_Occurred() == nullptr) {
      return without_numpy_.Allocate(tensor, error);
    }
    error.Python();
    return {};
  }
  const PyRef dtype = FindDtype(tensor, error);
  if (!dtype) return {};
  const TensorRoom room = NewArray(tensor, dtype.get());
  if (room.tensor == nullptr) error.Python();
  return room;
}

PyRef NumpyTensorDecoder::FindDtype(const TensorFields& tensor,
                                    CodecError& error) {
  PyRef dtype = tensor.descr.empty() ? TypestrText(tensor)
                                     : BuildDtype(dtype_.get(), tensor.descr,
                                                  tensor.item_bytes, error);
  if (!dtype && error.kind == CodecError::Kind::kNone) error.Python();
  return dtype;
}

bool NumpyTensorDecoder::FindNumpy() {
  if (empty_) return true;
  const PyRef numpy = PyRef::Steal(PyImport_ImportModule("numpy"));
  if (!numpy) {
    // Not there, or not fit for this Python.
    if (PyErr_ExceptionMatches(PyExc_ImportError)) PyErr_Clear();
    return false;
  }
  ndarray_ = PyRef::Steal(PyObject_GetAttrString(numpy.get(), "ndarray"));
  if (!ndarray_) return false;
  dtype_ = PyRef::Steal(PyObject_GetAttrString(numpy.get(), "dtype"));
  if (!dtype_) return false;
  empty_ = PyRef::Steal(PyObject_GetAttrString(numpy.get(), "empty"));
  return static_cast<bool>(empty_);
}

TensorRoom NumpyTensorDecoder::NewArray(const TensorFields& tensor,
                                        PyObject* dtype) {
  const PyRef shape = ShapeTuple(tensor);
  if (!shape) return {};
  PyRef array = PyRef::Steal(PyObject_CallFunction(
      empty_.get(), "OOs", shape.get(), dtype, tensor.c_order ? "C" : "F"));
  if (!array || tensor.data.empty()) return {array.release(), nullptr};
  // The address by numpy's own protocol: dates have no buffer format, and the
  // C API would tie this module to one numpy.
  const PyRef interface =
      PyRef::Steal(PyObject_GetAttrString(array.get(), "__array_interface__"));
  if (!interface) return {};
  PyObject* const data = PyDict_GetItemString(interface.get(), "data");
  if (data == nullptr || !PyTuple_Check(data) || PyTuple_GET_SIZE(data) < 1) {
    PyErr_SetString(PyExc_RuntimeError, "numpy gave no address of an array");
    return {};
  }
  void* const address = PyLong_AsVoidPtr(PyTuple_GET_ITEM(data, 0));
  if (address == nullptr) return {};
  return {array.release(), static_cast<char*>(address)};
}

PyObject* NumpyTensorDecoder::NewStrided(const TensorFields& tensor,
                                         PyObject* dtype) {
  const PyRef shape = ShapeTuple(tensor);
  const PyRef strides =
      PyRef::Steal(PyTuple_New(static_cast<Py_ssize_t>(tensor.strides.size())));
  const PyRef bytes = PyRef::Steal(PyBytes_FromStringAndSize(
      tensor.data.data(), static_cast<Py_ssize_t>(tensor.data.size())));
  if (!shape || !strides || !bytes) return nullptr;
  for (std::size_t i = 0; i < tensor.strides.size(); ++i) {
    PyObject* const stride = PyLong_FromLongLong(tensor.strides[i]);
    if (stride == nullptr) return nullptr;
    PyTuple_SET_ITEM(strides.get(), static_cast<Py_ssize_t>(i), stride);
  }
  const PyRef view =
      PyRef::Steal(PyObject_CallFunction(ndarray_.get(), "OOOiO", shape.get(),
                                         dtype, bytes.get(), 0, strides.get()));
  if (!view) return nullptr;
  return PyObject_CallMethod(view.get(), "copy", "s", "C");
}

}  // namespace envknit
