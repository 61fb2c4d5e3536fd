#include "server/pyvalue/buffer_tensor.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/structured_dtype.h"
#include "server/pyvalue/tensor_layout.h"
#include "server/pyvalue/tensor_source.h"
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
    why =
        Concat({"elements of format '", Printable(letters), "' do not cross"});
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

// An array whose dtype has no buffer format of its own (dates, fields): the
// same elements seen as plain ones, and what they really are. Empty: `why` says
// why that can't be.
PyRef ViewAsPlain(PyObject* array, std::string& typestr, std::string& descr,
                  std::string& why) {
  const PyRef dtype = PyRef::Steal(PyObject_GetAttrString(array, "dtype"));
  const PyRef text =
      dtype ? PyRef::Steal(PyObject_GetAttrString(dtype.get(), "str"))
            : PyRef();
  const char* const utf8 = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  if (utf8 == nullptr) return {};
  typestr = utf8;
  if (IsStructuredDtype(dtype.get())) {
    if (!WriteDescr(dtype.get(), descr, why)) return {};
  }
  const std::optional<ElementType> element = ParseTypestr(typestr, why);
  if (!element) return {};
  const bool is_date = element->kind == 'M' || element->kind == 'm';
  if (!is_date && descr.empty()) {
    why = Concat({"dtype '", Printable(typestr), "' has no buffer format"});
    return {};
  }
  return PyRef::Steal(PyObject_CallMethod(array, "view", "s",
                                          is_date ? "<i8" : typestr.c_str()));
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

BufferTensor::~BufferTensor() { Release(); }

void BufferTensor::Release() {
  if (held_) PyBuffer_Release(&view_);
  held_ = false;
}

bool BufferTensor::Acquire(PyObject* exporter) {
  held_ = PyObject_GetBuffer(exporter, &view_, PyBUF_FULL_RO) == 0;
  return held_;
}

bool BufferTensor::Open(PyObject* exporter, CodecError& error) {
  if (!HasBuffer(exporter)) return error.NotByValue(exporter);
  const bool is_array = IsNumpyArrayType(Py_TYPE(exporter));
  std::string why;
  if (Acquire(exporter)) {
    std::optional<std::string> found = TypestrOfFormat(
        view_.format, static_cast<std::size_t>(view_.itemsize), why);
    if (found) typestr_ = *std::move(found);
  } else if (!is_array) {
    return NoBuffer(exporter, error);
  }
  PyErr_Clear();
  if (typestr_.empty() && is_array) {
    why.clear();
    Release();
    plain_ = ViewAsPlain(exporter, typestr_, descr_, why);
    if (why.empty() && (!plain_ || !Acquire(plain_.get()))) {
      return NoBuffer(exporter, error);
    }
  }
  if (!why.empty() || !ParseTypestr(typestr_, why)) {
    PyErr_Clear();
    return error.NotByValue(exporter, why);
  }
  c_order_ = PyBuffer_IsContiguous(&view_, 'C') != 0;
  fortran_order_ = !c_order_ && PyBuffer_IsContiguous(&view_, 'F') != 0;
  return true;
}

void BufferTensor::WriteHead(ByteWriter& out) const {
  out.TextField(field::kTypestr, typestr_);
  out.TextField(field::kDescr, descr_);
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
