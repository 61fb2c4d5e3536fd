#include "server/pyvalue/tensor_source.h"

#include <string_view>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/loaded_module.h"

namespace envknit {
namespace {

bool IsStatic(const PyTypeObject* type) {
  return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
}

// Whether a type made in C has that name, or a base of `type` does. What is
// made in Python can't pass for one.
bool IsNamed(const PyTypeObject* type, std::string_view name) {
  return IsStatic(type) && type->tp_name == name;
}

bool DerivesFrom(const PyTypeObject* type, std::string_view name) {
  for (; type != nullptr; type = type->tp_base) {
    if (IsNamed(type, name)) return true;
  }
  return false;
}

#if PY_VERSION_HEX >= 0x030C0000
// Whether that slot of the type is C's, or empty; a method of Python's is not.
bool IsSlotOfC(PyTypeObject* type, const char* name) {
  const PyRef key = PyRef::Steal(PyUnicode_InternFromString(name));
  if (!key) {
    PyErr_Clear();
    return false;
  }
  PyObject* const found = _PyType_Lookup(type, key.get());  // borrowed
  return found == nullptr || Py_IS_TYPE(found, &PyWrapperDescr_Type);
}
#endif

}  // namespace

bool HasBuffer(PyObject* object) {
  if (PyObject_CheckBuffer(object) == 0) return false;
#if PY_VERSION_HEX >= 0x030C0000
  PyTypeObject* const type = Py_TYPE(object);
  return IsSlotOfC(type, "__buffer__") && IsSlotOfC(type, "__release_buffer__");
#else
  return true;
#endif
}

bool IsNumpyArrayType(PyTypeObject* type) {
  return DerivesFrom(type, "numpy.ndarray");
}

TensorSource TensorSourceOf(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  if (type == &PyMemoryView_Type || IsNamed(type, "numpy.ndarray")) {
    return TensorSource::kArray;
  }
  if (PyObject_CheckBuffer(object) == 0) {
    return DerivesFrom(type, "numpy.generic") && IsStatic(type)
               ? TensorSource::kScalar
               : TensorSource::kNone;
  }
  if (IsNumpyArrayType(type)) {
    // Nothing but where the memory comes from.
    return TypeFullName(type) == "numpy.memmap" && HasBuffer(object)
               ? TensorSource::kExporter
               : TensorSource::kSubclass;
  }
  if (DerivesFrom(type, "numpy.generic")) {
    return IsStatic(type) ? TensorSource::kScalar : TensorSource::kSubclass;
  }
  if (PyBytes_Check(object) || PyByteArray_Check(object)) {
    return TensorSource::kSubclass;
  }
  if (!HasBuffer(object)) return TensorSource::kNone;
  return IsTypeOfModule(type, "array", "array") ? TensorSource::kArray
                                                : TensorSource::kExporter;
}

PyRef ArrayOfScalar(PyObject* scalar) {
  return PyRef::Steal(PyObject_CallMethod(scalar, "__array__", nullptr));
}

std::string SubclassText(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  std::string_view plain = "x.item()";
  if (IsNumpyArrayType(type)) plain = "numpy.asarray(x)";
  if (PyBytes_Check(object)) plain = "bytes(x)";
  if (PyByteArray_Check(object)) plain = "bytearray(x)";
  return Concat(
      {TypeFullName(type), " is not by value, a plain copy is: ", plain});
}

}  // namespace envknit
