#include "server/pyvalue/ext_registry.h"

#include <string>

#include "server/pyvalue/concat.h"

namespace envknit {
namespace {

constexpr std::string_view kSlice = "builtins.slice";
constexpr std::string_view kRange = "builtins.range";
constexpr std::string_view kBytearray = "builtins.bytearray";
constexpr std::string_view kEllipsis = "builtins.Ellipsis";
constexpr std::string_view kNotImplemented = "builtins.NotImplemented";

PyRef RangeFields(PyObject* range) {
  const PyRef start = PyRef::Steal(PyObject_GetAttrString(range, "start"));
  const PyRef stop = PyRef::Steal(PyObject_GetAttrString(range, "stop"));
  const PyRef step = PyRef::Steal(PyObject_GetAttrString(range, "step"));
  if (!start || !stop || !step) return {};
  return PyRef::Steal(PyTuple_Pack(3, start.get(), stop.get(), step.get()));
}

PyObject* BuildRange(PyObject* const* fields, CodecError& error) {
  for (int i = 0; i < 3; ++i) {
    if (!PyLong_CheckExact(fields[i])) {
      error.Malformed("a range of something else than ints");
      return nullptr;
    }
  }
  PyObject* const range =
      PyObject_CallFunctionObjArgs(reinterpret_cast<PyObject*>(&PyRange_Type),
                                   fields[0], fields[1], fields[2], nullptr);
  if (range == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_ValueError)) {
      PyErr_Clear();
      error.Malformed("a range with step 0");
    } else {
      error.Python();
    }
  }
  return range;
}

PyObject* BuildBytearray(PyObject* bytes, CodecError& error) {
  if (!PyBytes_CheckExact(bytes)) {
    error.Malformed("a bytearray of something else than bytes");
    return nullptr;
  }
  PyObject* const copy = PyByteArray_FromObject(bytes);
  if (copy == nullptr) error.Python();
  return copy;
}

PyObject* Singleton(PyObject* object) {
  Py_INCREF(object);
  return object;
}

std::size_t FieldCount(std::string_view type) {
  if (type == kSlice || type == kRange) return 3;
  return type == kBytearray ? 1 : 0;
}

}  // namespace

std::string_view ExtTypeName(PyObject* object) {
  if (PySlice_Check(object)) return kSlice;
  if (Py_IS_TYPE(object, &PyRange_Type)) return kRange;
  if (PyByteArray_CheckExact(object)) return kBytearray;
  if (object == Py_Ellipsis) return kEllipsis;
  if (object == Py_NotImplemented) return kNotImplemented;
  return {};
}

PyRef ExtFields(PyObject* object) {
  if (PySlice_Check(object)) {
    const auto* const slice = reinterpret_cast<PySliceObject*>(object);
    return PyRef::Steal(
        PyTuple_Pack(3, slice->start, slice->stop, slice->step));
  }
  if (Py_IS_TYPE(object, &PyRange_Type)) return RangeFields(object);
  if (PyByteArray_CheckExact(object)) {
    const PyRef bytes = PyRef::Steal(PyBytes_FromStringAndSize(
        PyByteArray_AS_STRING(object), PyByteArray_GET_SIZE(object)));
    return bytes ? PyRef::Steal(PyTuple_Pack(1, bytes.get())) : PyRef();
  }
  return PyRef::Steal(PyTuple_New(0));
}

PyObject* BuildExt(std::string_view type, PyObject* const* fields,
                   std::size_t count, CodecError& error) {
  const bool known = type == kSlice || type == kRange || type == kBytearray ||
                     type == kEllipsis || type == kNotImplemented;
  if (!known) {
    error.Malformed(
        Concat({"'", Printable(type), "' is not a registered type"}));
    return nullptr;
  }
  if (count != FieldCount(type)) {
    error.Malformed(Concat({type, " with ", std::to_string(count), " fields"}));
    return nullptr;
  }
  if (type == kRange) return BuildRange(fields, error);
  if (type == kBytearray) return BuildBytearray(fields[0], error);
  if (type == kEllipsis) return Singleton(Py_Ellipsis);
  if (type == kNotImplemented) return Singleton(Py_NotImplemented);
  PyObject* const slice = PySlice_New(fields[0], fields[1], fields[2]);
  if (slice == nullptr) error.Python();
  return slice;
}

}  // namespace envknit
