#include <algorithm>
#include <string>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/ext_families.h"
#include "server/pyvalue/loaded_module.h"

// zoneinfo.ZoneInfo, by its key.
namespace envknit {
namespace {

constexpr std::size_t kMaxKeyBytes = 255;

// "Europe/Berlin", "Etc/GMT+5": a relative path of harmless names.
bool IsZoneKey(std::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes || key.front() == '/') {
    return false;
  }
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' ||
           c == '-';
  });
  return plain && key.find("//") == std::string_view::npos;
}

// Of one of the module written in Python, which stands in where _zoneinfo
// doesn't load. What was read from a file reduces in a way of its own.
ExtParts TakePythonZoneInfo(PyObject* object) {
  const PyRef names = PyRef::Steal(PyObject_GenericGetDict(object, nullptr));
  if (!names || PyDict_GetItemString(names.get(), "__reduce__") != nullptr) {
    PyErr_Clear();
    return {};
  }
  const PyRef key = PyRef::Borrow(PyDict_GetItemString(names.get(), "_key"));
  if (!key || !IsZoneKey(ExactText(key.get()))) return {};
  return {"zoneinfo.ZoneInfo", PyRef::Steal(PyTuple_Pack(1, key.get()))};
}

}  // namespace

ExtParts TakeZoneInfo(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  if (!IsTypeOfModule(type, "zoneinfo", "ZoneInfo")) return {};
  // One that was read from a file has no place of its own, even if it was given
  // a key; its refusal to be reduced tells.
  PyObject* const reduce =
      PyDict_GetItemString(type->tp_dict, "__reduce__");  // borrowed
  if (reduce != nullptr && PyFunction_Check(reduce)) {
    return TakePythonZoneInfo(object);
  }
  PyRef key = ReadSlot(object, "key");
  if (!key || !IsZoneKey(ExactText(key.get()))) return {};
  if (reduce == nullptr || !Py_IS_TYPE(reduce, &PyMethodDescr_Type)) return {};
  const PyRef reduced =
      PyRef::Steal(PyObject_CallFunctionObjArgs(reduce, object, nullptr));
  if (!reduced) {
    PyErr_Clear();
    return {};
  }
  return {"zoneinfo.ZoneInfo", PyRef::Steal(PyTuple_Pack(1, key.get()))};
}

PyObject* BuildZoneInfo(PyObject* const* fields, std::size_t /*count*/,
                        CodecError& error) {
  const std::string_view key = ExactText(fields[0]);
  if (!IsZoneKey(key)) {
    error.Malformed("a ZoneInfo whose key is not one such as 'Europe/Berlin'");
    return nullptr;
  }
  return CallStandard(
      "zoneinfo", "ZoneInfo", PyRef::Steal(PyTuple_Pack(1, fields[0])),
      Concat({"this Python knows no time zone '", Printable(key), "'"}), error);
}

}  // namespace envknit
