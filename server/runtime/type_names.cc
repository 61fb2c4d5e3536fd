#include "server/runtime/type_names.h"

#include <string_view>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;

}  // namespace

std::string TypeNames::Full() const { return Concat({module, ".", qualname}); }

TypeNames NamesOf(PyTypeObject* type) {
  if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0) {
    // Types made in C carry both in one text; without a dot they are builtins.
    const std::string_view name = type->tp_name;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return {"builtins", std::string(name)};
    return {std::string(name.substr(0, dot)),
            std::string(name.substr(dot + 1))};
  }
  TypeNames names;
  PyObject* const module = PyDict_GetItemString(type->tp_dict, "__module__");
  if (module != nullptr) names.module = TextOf(module, kMaxNameBytes);
  names.qualname = TextOf(
      reinterpret_cast<PyHeapTypeObject*>(type)->ht_qualname, kMaxNameBytes);
  return names;
}

std::string TextOf(PyObject* object, std::size_t max_bytes) {
  if (!PyUnicode_Check(object)) return {};
  const PyRef bytes = PyRef::Steal(
      PyUnicode_AsEncodedString(object, "utf-8", "backslashreplace"));
  if (!bytes) {
    PyErr_Clear();
    return {};
  }
  std::string text(PyBytes_AS_STRING(bytes.get()),
                   static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end != 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  text.resize(end);
  return text;
}

}  // namespace envknit
