#include "server/pyvalue/codec_error.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <utility>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxKeyBytes = 64;

bool IsIdentifier(std::string_view text) {
  if (text.empty() || text.size() > kMaxKeyBytes) return false;
  if (std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

// The text of an exact str, or its type's name: repr() may be user code.
std::string KeyText(PyObject* key) {
  if (PyUnicode_CheckExact(key)) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(key, &size);
    if (text != nullptr) {
      std::size_t end = std::min(static_cast<std::size_t>(size), kMaxKeyBytes);
      // Not inside a character.
      while (end != 0 &&
             (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
        --end;
      }
      return {text, end};
    }
    PyErr_Clear();
  }
  if (PyLong_CheckExact(key)) {
    const PyRef text = PyRef::Steal(PyObject_Str(key));
    const char* const digits = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    if (digits != nullptr && std::strlen(digits) <= kMaxKeyBytes) {
      return digits;
    }
    PyErr_Clear();
  }
  return TypeFullName(Py_TYPE(key));
}

}  // namespace

bool CodecError::Python() {
  kind = Kind::kPython;
  return false;
}

bool CodecError::Malformed(std::string text) {
  kind = Kind::kMalformed;
  message = std::move(text);
  return false;
}

bool CodecError::NotByValue(PyObject* offender, std::string_view why) {
  kind = Kind::kNotByValue;
  type = TypeFullName(Py_TYPE(offender));
  message = why.empty() ? Concat({type, " is not by value"}) : std::string(why);
  return false;
}

bool CodecError::OverLimit(std::string_view which, std::string text) {
  kind = Kind::kOverLimit;
  limit = which;
  message = std::move(text);
  return false;
}

void CodecError::PrependIndex(std::size_t index) {
  path = Concat({"[", std::to_string(index), "]", path});
}

void CodecError::PrependKey(PyObject* key) {
  const std::string text = KeyText(key);
  if (PyUnicode_CheckExact(key)) {
    path = IsIdentifier(text) ? Concat({".", text, path})
                              : Concat({"['", text, "']", path});
  } else {
    path = Concat({"[", text, "]", path});
  }
}

void CodecError::PrependField(std::string_view field) {
  const bool dot = !path.empty() && path[0] != '[';
  path = Concat({field, dot ? "." : "", path});
}

void CodecError::PrependField(std::string_view field, std::size_t index) {
  PrependField(Concat({field, "[", std::to_string(index), "]"}));
}

void CodecError::PrependRoot(std::string_view root) {
  path = Concat({root, path});
}

std::string CodecError::Text() const {
  return path.empty() ? message : Concat({path, ": ", message});
}

std::string TypeFullName(PyTypeObject* type) {
  if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0) {
    const std::string_view name = type->tp_name;
    constexpr std::string_view kBuiltins = "builtins.";
    return std::string(
        name.substr(name.rfind(kBuiltins, 0) == 0 ? kBuiltins.size() : 0));
  }
  const auto* const heap = reinterpret_cast<PyHeapTypeObject*>(type);
  std::string full;
  PyObject* const module =
      PyDict_GetItemString(type->tp_dict, "__module__");  // borrowed
  if (module != nullptr && PyUnicode_Check(module)) {
    const char* const text = PyUnicode_AsUTF8(module);
    if (text == nullptr) {
      PyErr_Clear();
    } else if (std::strcmp(text, "builtins") != 0) {
      full = Concat({text, "."});
    }
  }
  const char* const name = PyUnicode_AsUTF8(heap->ht_qualname);
  if (name == nullptr) PyErr_Clear();
  return Concat({full, name == nullptr ? type->tp_name : name});
}

void RaiseCodecError(const CodecError& error) {
  if (error.kind == CodecError::Kind::kPython && PyErr_Occurred() != nullptr) {
    return;
  }
  PyErr_SetString(error.kind == CodecError::Kind::kNotByValue
                      ? PyExc_TypeError
                      : PyExc_ValueError,
                  error.Text().c_str());
}

}  // namespace envknit
