#include "server/runtime/handle_details.h"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "server/pyvalue/python_ref.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxTypestrBytes = 64;

bool IsStatic(const PyTypeObject* type) {
  return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
}

// Builtins whose len() is a field of theirs.
bool HasLengthField(const PyTypeObject* type) {
  if (!IsStatic(type)) return false;
  if (std::strcmp(type->tp_name, "numpy.ndarray") == 0) return true;
  return type == &PyList_Type || type == &PyTuple_Type ||
         type == &PyDict_Type || type == &PySet_Type ||
         type == &PyFrozenSet_Type || type == &PyUnicode_Type ||
         type == &PyBytes_Type || type == &PyByteArray_Type ||
         type == &PyRange_Type || type == &PyMemoryView_Type ||
         type == &PyDictKeys_Type || type == &PyDictValues_Type ||
         type == &PyDictItems_Type;
}

// The value of a getter defined in C on `type`, asked for `object`.
PyRef GetFromC(PyTypeObject* type, const char* name, PyObject* object) {
  PyObject* const descriptor =
      PyDict_GetItemString(type->tp_dict, name);  // borrowed
  if (descriptor == nullptr || !Py_IS_TYPE(descriptor, &PyGetSetDescr_Type)) {
    return {};
  }
  return PyRef::Steal(
      Py_TYPE(descriptor)
          ->tp_descr_get(descriptor, object,
                         reinterpret_cast<PyObject*>(Py_TYPE(object))));
}

}  // namespace

bool HasFreeLength(PyTypeObject* type) {
  PyObject* const mro = type->tp_mro;
  for (Py_ssize_t i = 0; mro != nullptr && i < PyTuple_GET_SIZE(mro); ++i) {
    auto* const base =
        reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    if (HasLengthField(base)) return true;
    // A class nearer than the builtin that has a __len__ of its own decides;
    // static types keep theirs in slots.
    if (IsStatic(base)) return false;
    if (PyDict_GetItemString(base->tp_dict, "__len__") != nullptr) return false;
  }
  return false;
}

PyTypeObject* FindNumpyArrayType(PyTypeObject* type) {
  for (; type != nullptr; type = type->tp_base) {
    if (IsStatic(type) && std::strcmp(type->tp_name, "numpy.ndarray") == 0) {
      return type;
    }
  }
  return nullptr;
}

void FillLength(PyObject* object, HandleFields& handle) {
  const Py_ssize_t length = PyObject_Size(object);
  if (length < 0) {
    // An array without dimensions.
    PyErr_Clear();
    return;
  }
  handle.length = static_cast<uint64_t>(length);
}

void FillTensorMeta(PyObject* array, PyTypeObject* ndarray,
                    HandleFields& handle) {
  const PyRef shape = GetFromC(ndarray, "shape", array);
  const PyRef dtype = GetFromC(ndarray, "dtype", array);
  const PyRef typestr =
      dtype ? PyRef::Steal(PyObject_GetAttrString(dtype.get(), "str"))
            : PyRef();
  if (!shape || !typestr || !PyTuple_CheckExact(shape.get())) {
    PyErr_Clear();
    return;
  }
  TensorMetaFields meta;
  meta.typestr = TextOf(typestr.get(), kMaxTypestrBytes);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(shape.get()); ++i) {
    const unsigned long long extent =
        PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(shape.get(), i));
    meta.shape.push_back(extent);
  }
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return;
  }
  handle.tensor = std::move(meta);
}

}  // namespace envknit
