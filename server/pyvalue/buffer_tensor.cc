#include "server/pyvalue/buffer_tensor.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/tensor_layout.h"
#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace field = schema::tensor;

// The numpy kind of a struct format of one element; 0 if it has none.
char KindOfFormat(std::string_view format) {
  if (format == "?") return 'b';
  if (format.size() == 1) {
    if (std::strchr("bhilqn", format[0]) != nullptr) return 'i';
    if (std::strchr("BHILQN", format[0]) != nullptr) return 'u';
    if (std::strchr("efdg", format[0]) != nullptr) return 'f';
    if (format[0] == 'c' || format[0] == 's') return 'S';
    if (format[0] == 'w') return 'U';
  }
  if (format.size() == 2 && format[0] == 'Z') return 'c';
  // A count before the letter: texts and raw bytes.
  const char last = format.empty() ? '\0' : format.back();
  const bool counted = format.size() > 1 &&
                       std::all_of(format.begin(), format.end() - 1,
                                   [](char c) { return c >= '0' && c <= '9'; });
  if (counted && last == 's') return 'S';
  if (counted && last == 'w') return 'U';
  if (last == 'x') return 'V';
  return 0;
}

// Typestr of a PEP 3118 format, or nullopt with `why` set.
std::optional<std::string> TypestrOfFormat(const char* format,
                                           std::size_t item_bytes,
                                           std::string& why) {
  std::string_view letters = format == nullptr ? "B" : format;
  bool foreign = false;
  if (!letters.empty() && std::strchr("@=<>!^", letters[0]) != nullptr) {
    foreign = letters[0] == '>' || letters[0] == '!';
    letters.remove_prefix(1);
  }
  if (letters == "O") {
    why = "object dtype does not cross";
    return std::nullopt;
  }
  const char kind = KindOfFormat(letters);
  if (kind == 0) {
    why = Concat({"elements of format '", Printable(letters),
                  "' (structured or unknown) do not cross"});
    return std::nullopt;
  }
  if (foreign && item_bytes > 1 && kind != 'S' && kind != 'V') {
    why = "non-native byte order does not cross";
    return std::nullopt;
  }
  const bool plain = kind == 'b' || kind == 'S' || kind == 'V' ||
                     (item_bytes == 1 && kind != 'U');
  return Concat({plain ? "|" : "<",
                 {&kind, 1},
                 std::to_string(kind == 'U' ? item_bytes / 4 : item_bytes)});
}

bool IsNumpyArray(PyObject* object) {
  for (PyTypeObject* type = Py_TYPE(object); type != nullptr;
       type = type->tp_base) {
    if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0 &&
        std::strcmp(type->tp_name, "numpy.ndarray") == 0) {
      return true;
    }
  }
  return false;
}

// An array whose dtype has no buffer format (dates): the same elements seen as
// 64-bit integers, and the typestr they really have. Empty, with an exception
// set, if that can't be.
PyRef ViewDatesAsInts(PyObject* array, std::string& typestr) {
  const PyRef dtype = PyRef::Steal(PyObject_GetAttrString(array, "dtype"));
  if (!dtype) return {};
  const PyRef text = PyRef::Steal(PyObject_GetAttrString(dtype.get(), "str"));
  if (!text) return {};
  const char* const utf8 = PyUnicode_AsUTF8(text.get());
  if (utf8 == nullptr) return {};
  typestr = utf8;
  const bool is_date = typestr.size() > 1 && typestr[0] == '<' &&
                       (typestr[1] == 'M' || typestr[1] == 'm');
  if (!is_date) {
    PyErr_SetString(PyExc_TypeError, "no buffer format");
    return {};
  }
  return PyRef::Steal(PyObject_CallMethod(array, "view", "s", "<i8"));
}

void WriteShape(ByteWriter& out, const Py_buffer& view) {
  if (view.ndim == 0) return;
  const std::size_t mark = out.Open(field::kShape);
  for (int i = 0; i < view.ndim; ++i) {
    out.Varint(static_cast<uint64_t>(view.shape[i]));
  }
  out.Close(mark);
}

// Only for Fortran order: C order goes without strides.
void WriteFortranStrides(ByteWriter& out, const Py_buffer& view) {
  const std::size_t mark = out.Open(field::kStrides);
  int64_t step = view.itemsize;
  for (int i = 0; i < view.ndim; ++i) {
    out.Varint(ByteWriter::ZigZag(step));
    step *= view.shape[i];
  }
  out.Close(mark);
}

// Says why the exporter gave no buffer, and clears the exception.
bool NoBuffer(PyObject* exporter, CodecError& error) {
  PyErr_Clear();
  return error.NotByValue(exporter,
                          Concat({TypeFullName(Py_TYPE(exporter)),
                                  " gives no buffer of its elements"}));
}

}  // namespace

BufferTensor::~BufferTensor() {
  if (held_) PyBuffer_Release(&view_);
}

bool BufferTensor::Open(PyObject* exporter, CodecError& error) {
  if (PyObject_CheckBuffer(exporter) == 0) return error.NotByValue(exporter);
  held_ = PyObject_GetBuffer(exporter, &view_, PyBUF_FULL_RO) == 0;
  if (!held_) {
    if (!IsNumpyArray(exporter)) return NoBuffer(exporter, error);
    PyErr_Clear();
    dates_ = ViewDatesAsInts(exporter, typestr_);
    held_ =
        dates_ && PyObject_GetBuffer(dates_.get(), &view_, PyBUF_FULL_RO) == 0;
    if (!held_) return NoBuffer(exporter, error);
  }
  if (!FindTypestr(exporter, error)) return false;
  c_order_ = PyBuffer_IsContiguous(&view_, 'C') != 0;
  fortran_order_ = !c_order_ && PyBuffer_IsContiguous(&view_, 'F') != 0;
  return true;
}

bool BufferTensor::FindTypestr(PyObject* exporter, CodecError& error) {
  std::string why;
  if (typestr_.empty()) {
    std::optional<std::string> found = TypestrOfFormat(
        view_.format, static_cast<std::size_t>(view_.itemsize), why);
    if (!found) return error.NotByValue(exporter, why);
    typestr_ = *std::move(found);
  }
  if (!ParseTypestr(typestr_, why)) return error.NotByValue(exporter, why);
  return true;
}

void BufferTensor::WriteHead(ByteWriter& out) const {
  out.TextField(field::kTypestr, typestr_);
  WriteShape(out, view_);
  if (fortran_order_) WriteFortranStrides(out, view_);
  out.Tag(field::kInline, ByteWriter::kBytes);
  out.Varint(bytes());
}

bool BufferTensor::CopyTo(char* to) {
  if (is_contiguous()) {
    if (bytes() != 0) std::memcpy(to, view_.buf, bytes());
    return true;
  }
  return PyBuffer_ToContiguous(to, &view_, view_.len, 'C') == 0;
}

bool WriteBufferTensor(ByteWriter& out, uint32_t number, PyObject* exporter,
                       std::size_t byte_limit, CodecError& error) {
  BufferTensor tensor;
  if (!tensor.Open(exporter, error)) return false;
  const std::size_t bytes = tensor.bytes();
  if (bytes > byte_limit || out.size() > byte_limit - bytes) {
    return error.OverLimit("message_bytes",
                           Concat({std::to_string(bytes),
                                   " bytes of elements are more than a "
                                   "message holds"}));
  }
  const std::size_t start = out.size();
  const std::size_t mark = out.Open(number);
  tensor.WriteHead(out);
  if (!tensor.CopyTo(out.Append(bytes))) {
    out.Truncate(start);
    return error.Python();
  }
  out.Close(mark);
  return true;
}

}  // namespace envknit
