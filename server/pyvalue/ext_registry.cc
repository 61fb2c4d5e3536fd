#include "server/pyvalue/ext_registry.h"

#include <array>
#include <string>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/ext_families.h"

namespace envknit {
namespace {

struct ExtType {
  std::string_view name;
  std::size_t min_fields;
  std::size_t max_fields;
  PyObject* (*build)(PyObject* const* fields, std::size_t count,
                     CodecError& error);
};

constexpr std::array<ExtType, 17> kTypes = {{
    {"builtins.slice", 3, 3, BuildSlice},
    {"builtins.range", 3, 3, BuildRange},
    {"builtins.bytearray", 1, 1, BuildBytearray},
    {"builtins.Ellipsis", 0, 0, BuildEllipsis},
    {"builtins.NotImplemented", 0, 0, BuildNotImplemented},
    {"datetime.date", 1, 1, BuildDate},
    {"datetime.time", 1, 3, BuildTime},
    {"datetime.datetime", 1, 3, BuildDatetime},
    {"datetime.timedelta", 3, 3, BuildTimedelta},
    {"datetime.timezone", 1, 2, BuildTimezone},
    {"zoneinfo.ZoneInfo", 1, 1, BuildZoneInfo},
    {"decimal.Decimal", 1, 1, BuildDecimal},
    {"fractions.Fraction", 2, 2, BuildFraction},
    {"uuid.UUID", 1, 1, BuildUuid},
    {"pathlib.PurePosixPath", 1, kMaxPathSegments, BuildPurePosixPath},
    {"pathlib.PureWindowsPath", 1, kMaxPathSegments, BuildPureWindowsPath},
    {"pathlib.PosixPath", 1, kMaxPathSegments, BuildPosixPath},
}};

// The last name of tp_name, by which an object may be of a family. Names can be
// forged; the families look closer.
struct Candidate {
  std::string_view name;
  ExtParts (*take)(PyObject* object);
};

constexpr std::array<Candidate, 12> kCandidates = {{
    {"datetime", TakeDatetime},
    {"date", TakeDatetime},
    {"time", TakeDatetime},
    {"timedelta", TakeDatetime},
    {"timezone", TakeDatetime},
    {"ZoneInfo", TakeZoneInfo},
    {"Decimal", TakeDecimal},
    {"Fraction", TakeFraction},
    {"UUID", TakeUuid},
    {"PurePosixPath", TakePath},
    {"PureWindowsPath", TakePath},
    {"PosixPath", TakePath},
}};

}  // namespace

ExtParts TakeExt(PyObject* object) {
  ExtParts builtin = TakeBuiltin(object);
  if (!builtin.type.empty()) return builtin;
  std::string_view name = Py_TYPE(object)->tp_name;
  name.remove_prefix(name.rfind('.') + 1);
  for (const Candidate& candidate : kCandidates) {
    if (candidate.name == name) return candidate.take(object);
  }
  return {};
}

std::string_view ExtFieldName(std::string_view type, std::size_t index) {
  const bool has_zone = type == "datetime.datetime" || type == "datetime.time";
  return has_zone && index == 1 ? ".tzinfo" : std::string_view();
}

PyObject* BuildExt(std::string_view type, PyObject* const* fields,
                   std::size_t count, CodecError& error) {
  for (const ExtType& known : kTypes) {
    if (known.name != type) continue;
    if (count < known.min_fields || count > known.max_fields) {
      error.Malformed(
          Concat({type, " with ", std::to_string(count), " fields"}));
      return nullptr;
    }
    return known.build(fields, count, error);
  }
  error.Malformed(Concat({"'", Printable(type), "' is not a registered type"}));
  return nullptr;
}

PyRef ReadSlot(PyObject* object, const char* name) {
  const PyRef key = PyRef::Steal(PyUnicode_InternFromString(name));
  if (!key) {
    PyErr_Clear();
    return {};
  }
  PyTypeObject* const type = Py_TYPE(object);
  PyObject* const slot = _PyType_Lookup(type, key.get());  // borrowed
  if (slot == nullptr || !Py_IS_TYPE(slot, &PyMemberDescr_Type)) return {};
  PyRef value = PyRef::Steal(PyMemberDescr_Type.tp_descr_get(
      slot, object, reinterpret_cast<PyObject*>(type)));
  if (!value) PyErr_Clear();
  return value;
}

std::string_view ExactText(PyObject* object) {
  if (object == nullptr || !PyUnicode_CheckExact(object)) return {};
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text == nullptr) {
    PyErr_Clear();
    return {};
  }
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace envknit
