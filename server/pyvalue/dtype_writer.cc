#include <string>
#include <string_view>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/structured_dtype.h"
#include "server/pyvalue/tensor_layout.h"

// The sending side of structured dtypes.
namespace envknit {
namespace {

// As many as the reader takes.
constexpr int kMaxDepth = 16;

PyRef Attribute(PyObject* object, const char* name) {
  PyRef value = PyRef::Steal(PyObject_GetAttrString(object, name));
  if (!value) PyErr_Clear();
  return value;
}

// -1: not an int that fits.
Py_ssize_t Size(PyObject* number) {
  const Py_ssize_t size = number == nullptr ? -1 : PyLong_AsSsize_t(number);
  if (size < 0) PyErr_Clear();
  return size;
}

// False: not a str that UTF-8 can hold.
bool AppendString(std::string& json, PyObject* text) {
  Py_ssize_t size = 0;
  const char* const utf8 = text != nullptr && PyUnicode_Check(text)
                               ? PyUnicode_AsUTF8AndSize(text, &size)
                               : nullptr;
  if (utf8 == nullptr) {
    PyErr_Clear();
    return false;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  for (const char c : std::string_view(utf8, static_cast<std::size_t>(size))) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00";
      json += kHex[static_cast<unsigned char>(c) >> 4];
      json += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      json += c;
    }
  }
  json += '"';
  return true;
}

std::string NameText(PyObject* name) {
  const char* const text = PyUnicode_AsUTF8(name);
  if (text == nullptr) PyErr_Clear();
  return text == nullptr ? "?" : text;
}

void AppendPadding(std::string& json, Py_ssize_t bytes) {
  if (bytes > 0) {
    json += Concat({"[\"\",\"|V", std::to_string(bytes), "\"],"});
  }
}

class DescrWriter final {
 public:
  DescrWriter(std::string& json, std::string& why) : json_(json), why_(why) {}

  bool WriteFields(PyObject* dtype, const std::string& path, int depth) {
    const PyRef names = Attribute(dtype, "names");
    const PyRef fields = Attribute(dtype, "fields");
    const PyRef size_number = Attribute(dtype, "itemsize");
    if (!names || !fields || !PyTuple_CheckExact(names.get())) {
      return Refuse(path, "no structured dtype");
    }
    const Py_ssize_t size = Size(size_number.get());
    if (depth == kMaxDepth) return Refuse(path, "is nested too deep");
    json_ += '[';
    Py_ssize_t end = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names.get()); ++i) {
      PyObject* const name = PyTuple_GET_ITEM(names.get(), i);
      if (!WriteField(fields.get(), name, path, depth, end)) return false;
    }
    AppendPadding(json_, size - end);
    if (json_.back() == ',') json_.pop_back();
    json_ += ']';
    return true;
  }

 private:
  bool WriteField(PyObject* fields, PyObject* name, const std::string& path,
                  int depth, Py_ssize_t& end) {
    const std::string place =
        Concat({path, path.empty() ? "" : ".", NameText(name)});
    const PyRef entry = PyRef::Steal(PyObject_GetItem(fields, name));
    if (!entry || !PyTuple_CheckExact(entry.get()) ||
        PyTuple_GET_SIZE(entry.get()) < 2) {
      PyErr_Clear();
      return Refuse(place, "can't be read");
    }
    PyObject* const dtype = PyTuple_GET_ITEM(entry.get(), 0);
    const Py_ssize_t offset = Size(PyTuple_GET_ITEM(entry.get(), 1));
    const PyRef bytes = Attribute(dtype, "itemsize");
    if (offset < end) {
      return Refuse(place, "overlaps another one or is out of order");
    }
    AppendPadding(json_, offset - end);
    end = offset + Size(bytes.get());
    json_ += '[';
    if (PyTuple_GET_SIZE(entry.get()) > 2) {
      json_ += '[';
      if (!AppendString(json_, PyTuple_GET_ITEM(entry.get(), 2))) {
        return Refuse(place, "has a title that is no text");
      }
      json_ += ',';
    }
    if (PyUnicode_GetLength(name) == 0 || !AppendString(json_, name)) {
      return Refuse(place, "has a name that is no text");
    }
    if (PyTuple_GET_SIZE(entry.get()) > 2) json_ += ']';
    json_ += ',';
    if (!WriteType(dtype, place, depth)) return false;
    json_ += "],";
    return true;
  }

  // The type, and the shape of a subarray.
  bool WriteType(PyObject* dtype, const std::string& place, int depth) {
    const PyRef sub = Attribute(dtype, "subdtype");
    if (!sub) return Refuse(place, "can't be read");
    if (sub.get() == Py_None) return WriteElement(dtype, place, depth);
    if (!PyTuple_CheckExact(sub.get()) || PyTuple_GET_SIZE(sub.get()) != 2 ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(sub.get(), 1))) {
      return Refuse(place, "can't be read");
    }
    if (!WriteElement(PyTuple_GET_ITEM(sub.get(), 0), place, depth)) {
      return false;
    }
    PyObject* const shape = PyTuple_GET_ITEM(sub.get(), 1);
    json_ += ",[";
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(shape); ++i) {
      if (i != 0) json_ += ',';
      json_ += std::to_string(Size(PyTuple_GET_ITEM(shape, i)));
    }
    json_ += ']';
    return true;
  }

  bool WriteElement(PyObject* dtype, const std::string& place, int depth) {
    if (IsStructuredDtype(dtype)) return WriteFields(dtype, place, depth + 1);
    const PyRef typestr = Attribute(dtype, "str");
    const char* const text = typestr && PyUnicode_Check(typestr.get())
                                 ? PyUnicode_AsUTF8(typestr.get())
                                 : nullptr;
    std::string why;
    if (text == nullptr || !ParseTypestr(text, why)) {
      PyErr_Clear();
      return Refuse(place, why.empty() ? "can't be read" : why);
    }
    AppendString(json_, typestr.get());
    return true;
  }

  bool Refuse(const std::string& place, std::string_view what) {
    why_ = place.empty() ? std::string(what)
                         : Concat({"the field '", place, "': ", what});
    return false;
  }

  std::string& json_;
  std::string& why_;
};

}  // namespace

bool IsStructuredDtype(PyObject* dtype) {
  const PyRef kind = Attribute(dtype, "kind");
  const PyRef names = Attribute(dtype, "names");
  return kind && names && names.get() != Py_None &&
         PyUnicode_Check(kind.get()) &&
         PyUnicode_CompareWithASCIIString(kind.get(), "V") == 0;
}

bool WriteDescr(PyObject* dtype, std::string& json, std::string& why) {
  return DescrWriter(json, why).WriteFields(dtype, "", 0);
}

}  // namespace envknit
