#include "server/pyvalue/numpy_scalar.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace envknit {
namespace {

constexpr std::string_view kPrefix = "numpy.";

constexpr std::array<std::string_view, 12> kInts = {
    "int8",  "int16",  "int32",  "int64",  "longlong",  "intc",
    "uint8", "uint16", "uint32", "uint64", "ulonglong", "uintc"};

// Which conversion slot gives the same value, and what must come out of it.
PyRef Convert(PyObject* scalar, std::string_view name) {
  if (name == "float64" || name == "float32" || name == "float16") {
    if (PyFloat_Check(scalar)) {
      return PyRef::Steal(PyFloat_FromDouble(PyFloat_AS_DOUBLE(scalar)));
    }
    return PyRef::Steal(PyNumber_Float(scalar));
  }
  if (std::find(kInts.begin(), kInts.end(), name) != kInts.end()) {
    return PyRef::Steal(PyNumber_Index(scalar));
  }
  if (name == "bool" || name == "bool_") {
    const int truth = PyObject_IsTrue(scalar);
    return truth < 0 ? PyRef() : PyRef::Steal(PyBool_FromLong(truth));
  }
  if (name == "complex128" || name == "complex64") {
    const Py_complex number = PyComplex_AsCComplex(scalar);
    if (PyErr_Occurred() != nullptr) return {};
    return PyRef::Steal(PyComplex_FromCComplex(number));
  }
  if (name == "str_" && PyUnicode_Check(scalar)) {
    return PyRef::Steal(PyUnicode_FromObject(scalar));
  }
  if (name == "bytes_" && PyBytes_Check(scalar)) {
    return PyRef::Steal(PyBytes_FromStringAndSize(PyBytes_AS_STRING(scalar),
                                                  PyBytes_GET_SIZE(scalar)));
  }
  return {};
}

}  // namespace

PyRef WidenNumpyScalar(PyObject* object) {
  // Types made in C keep the module in tp_name; a subclass made in Python is a
  // heap type, whatever it is called.
  const PyTypeObject* const type = Py_TYPE(object);
  if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0) return {};
  const std::string_view full = type->tp_name;
  if (full.substr(0, kPrefix.size()) != kPrefix) return {};
  PyRef plain = Convert(object, full.substr(kPrefix.size()));
  if (!plain) PyErr_Clear();
  return plain;
}

}  // namespace envknit
