#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/pyvalue/ext_families.h"
#include "server/pyvalue/loaded_module.h"

// uuid.UUID.
namespace envknit {
namespace {

constexpr std::size_t kBytes = 16;
constexpr std::size_t kTextBytes = 36;

bool HasDash(std::size_t at) {
  return at == 8 || at == 13 || at == 18 || at == 23;
}

bool IsUuidText(std::string_view text) {
  if (text.size() != kTextBytes) return false;
  for (std::size_t i = 0; i < kTextBytes; ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                     (c >= 'A' && c <= 'F');
    if (HasDash(i) ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace

ExtParts TakeUuid(PyObject* object) {
  if (!IsTypeOfModule(Py_TYPE(object), "uuid", "UUID")) return {};
  const PyRef number = ReadSlot(object, "int");
  if (!number || !PyLong_CheckExact(number.get())) return {};
  const PyRef bytes = PyRef::Steal(PyObject_CallMethod(
      number.get(), "to_bytes", "is", static_cast<int>(kBytes), "big"));
  if (!bytes) {
    PyErr_Clear();
    return {};
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto* const at =
      reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(bytes.get()));
  std::string text;
  for (std::size_t i = 0; i < kBytes; ++i) {
    if (HasDash(text.size())) text += '-';
    text += kHex[at[i] >> 4];
    text += kHex[at[i] & 15];
  }
  return {"uuid.UUID", PyRef::Steal(Py_BuildValue("(s)", text.c_str()))};
}

PyObject* BuildUuid(PyObject* const* fields, std::size_t /*count*/,
                    CodecError& error) {
  constexpr const char* kWhat =
      "not a UUID such as '12345678-1234-5678-1234-567812345678'";
  if (!IsUuidText(ExactText(fields[0]))) {
    error.Malformed(kWhat);
    return nullptr;
  }
  return CallStandard("uuid", "UUID", PyRef::Steal(PyTuple_Pack(1, fields[0])),
                      kWhat, error);
}

}  // namespace envknit
