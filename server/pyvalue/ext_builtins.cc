#include "server/pyvalue/ext_families.h"

// slice, range, bytearray, Ellipsis, NotImplemented.
namespace envknit {
namespace {

PyRef RangeFields(PyObject* range) {
  const PyRef start = PyRef::Steal(PyObject_GetAttrString(range, "start"));
  const PyRef stop = PyRef::Steal(PyObject_GetAttrString(range, "stop"));
  const PyRef step = PyRef::Steal(PyObject_GetAttrString(range, "step"));
  if (!start || !stop || !step) return {};
  return PyRef::Steal(PyTuple_Pack(3, start.get(), stop.get(), step.get()));
}

PyObject* Singleton(PyObject* object) {
  Py_INCREF(object);
  return object;
}

}  // namespace

ExtParts TakeBuiltin(PyObject* object) {
  if (PySlice_Check(object)) {
    const auto* const slice = reinterpret_cast<PySliceObject*>(object);
    return {"builtins.slice", PyRef::Steal(PyTuple_Pack(
                                  3, slice->start, slice->stop, slice->step))};
  }
  if (Py_IS_TYPE(object, &PyRange_Type)) {
    return {"builtins.range", RangeFields(object)};
  }
  if (PyByteArray_CheckExact(object)) {
    const PyRef bytes = PyRef::Steal(PyBytes_FromStringAndSize(
        PyByteArray_AS_STRING(object), PyByteArray_GET_SIZE(object)));
    return {"builtins.bytearray",
            bytes ? PyRef::Steal(PyTuple_Pack(1, bytes.get())) : PyRef()};
  }
  if (object == Py_Ellipsis) {
    return {"builtins.Ellipsis", PyRef::Steal(PyTuple_New(0))};
  }
  if (object == Py_NotImplemented) {
    return {"builtins.NotImplemented", PyRef::Steal(PyTuple_New(0))};
  }
  return {};
}

PyObject* BuildSlice(PyObject* const* fields, std::size_t /*count*/,
                     CodecError& error) {
  PyObject* const slice = PySlice_New(fields[0], fields[1], fields[2]);
  if (slice == nullptr) error.Python();
  return slice;
}

PyObject* BuildRange(PyObject* const* fields, std::size_t /*count*/,
                     CodecError& error) {
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

PyObject* BuildBytearray(PyObject* const* fields, std::size_t /*count*/,
                         CodecError& error) {
  if (!PyBytes_CheckExact(fields[0])) {
    error.Malformed("a bytearray of something else than bytes");
    return nullptr;
  }
  PyObject* const copy = PyByteArray_FromObject(fields[0]);
  if (copy == nullptr) error.Python();
  return copy;
}

PyObject* BuildEllipsis(PyObject* const* /*fields*/, std::size_t /*count*/,
                        CodecError& /*error*/) {
  return Singleton(Py_Ellipsis);
}

PyObject* BuildNotImplemented(PyObject* const* /*fields*/,
                              std::size_t /*count*/, CodecError& /*error*/) {
  return Singleton(Py_NotImplemented);
}

}  // namespace envknit
