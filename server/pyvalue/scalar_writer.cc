#include "server/pyvalue/scalar_writer.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "server/pyvalue/numpy_scalar.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace kind = schema::value;

// Tag and length of the longest field.
constexpr std::size_t kFieldOverhead = 12;

bool Fits(std::size_t bytes, std::size_t budget, CodecError& error) {
  if (bytes <= budget && budget - bytes >= kFieldOverhead) return true;
  return error.OverLimit("message_bytes", "too large to go by value");
}

bool WriteBigint(ByteWriter& out, PyObject* number, std::size_t budget,
                 CodecError& error) {
  const PyRef bits =
      PyRef::Steal(PyObject_CallMethod(number, "bit_length", nullptr));
  if (!bits) return error.Python();
  const std::size_t bit_count = PyLong_AsSize_t(bits.get());
  if (bit_count == static_cast<std::size_t>(-1) && PyErr_Occurred()) {
    return error.Python();
  }
  // One bit more for the sign.
  const std::size_t count = bit_count / 8 + 1;
  if (!Fits(count, budget, error)) return false;
  const PyRef to_bytes =
      PyRef::Steal(PyObject_GetAttrString(number, "to_bytes"));
  const PyRef args = PyRef::Steal(
      Py_BuildValue("(ns)", static_cast<Py_ssize_t>(count), "little"));
  const PyRef kwargs = PyRef::Steal(Py_BuildValue("{sO}", "signed", Py_True));
  if (!to_bytes || !args || !kwargs) return error.Python();
  const PyRef bytes =
      PyRef::Steal(PyObject_Call(to_bytes.get(), args.get(), kwargs.get()));
  if (!bytes) return error.Python();
  std::string_view text(PyBytes_AS_STRING(bytes.get()), count);
  // -2^(8k-1) fits in one byte less than its bit length says.
  while (text.size() > 1) {
    const auto last = static_cast<unsigned char>(text.back());
    const bool sign = (text[text.size() - 2] & 0x80) != 0;
    if (last != (sign ? 0xff : 0x00)) break;
    text.remove_suffix(1);
  }
  out.BytesField(kind::kBigint, text);
  return true;
}

bool WriteInt(ByteWriter& out, PyObject* number, std::size_t budget,
              CodecError& error) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (overflow != 0) return WriteBigint(out, number, budget, error);
  if (!Fits(0, budget, error)) return false;
  out.SignedField(kind::kInt, value);
  return true;
}

bool WriteText(ByteWriter& out, PyObject* text, std::size_t budget,
               CodecError& error) {
  if (PyUnicode_IS_COMPACT_ASCII(text)) {
    const auto length = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
    if (!Fits(length, budget, error)) return false;
    out.BytesField(
        kind::kString,
        {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)), length});
    return true;
  }
  // Not PyUnicode_AsUTF8AndSize: it keeps the UTF-8 in the str for its life.
  PyRef bytes = PyRef::Steal(PyUnicode_AsUTF8String(text));
  uint32_t field = kind::kString;
  if (!bytes && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
    PyErr_Clear();
    bytes =
        PyRef::Steal(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
    field = kind::kRawString;
  }
  if (!bytes) return error.Python();
  const auto length = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()));
  if (!Fits(length, budget, error)) return false;
  out.BytesField(field, {PyBytes_AS_STRING(bytes.get()), length});
  return true;
}

bool WriteBytes(ByteWriter& out, PyObject* bytes, std::size_t budget,
                CodecError& error) {
  const auto length = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes));
  if (!Fits(length, budget, error)) return false;
  out.BytesField(kind::kBytes, {PyBytes_AS_STRING(bytes), length});
  return true;
}

void WriteComplex(ByteWriter& out, PyObject* number) {
  const std::size_t mark = out.Open(kind::kComplex);
  out.DoubleField(schema::complex::kReal, PyComplex_RealAsDouble(number));
  out.DoubleField(schema::complex::kImag, PyComplex_ImagAsDouble(number));
  out.Close(mark);
}

ScalarWritten Written(bool done) {
  return done ? ScalarWritten::kDone : ScalarWritten::kFailed;
}

}  // namespace

ScalarWritten WriteScalar(ByteWriter& out, PyObject* object, std::size_t budget,
                          CodecError& error) {
  if (PyFloat_CheckExact(object)) {
    if (!Fits(0, budget, error)) return ScalarWritten::kFailed;
    out.DoubleField(kind::kFloat, PyFloat_AS_DOUBLE(object));
    return ScalarWritten::kDone;
  }
  if (PyLong_CheckExact(object)) {
    return Written(WriteInt(out, object, budget, error));
  }
  if (PyUnicode_CheckExact(object)) {
    return Written(WriteText(out, object, budget, error));
  }
  if (object == Py_None) {
    out.Close(out.Open(kind::kNone));
    return ScalarWritten::kDone;
  }
  if (PyBool_Check(object)) {
    out.VarintField(kind::kBool, object == Py_True ? 1 : 0);
    return ScalarWritten::kDone;
  }
  if (PyBytes_CheckExact(object)) {
    return Written(WriteBytes(out, object, budget, error));
  }
  if (PyComplex_CheckExact(object)) {
    if (!Fits(24, budget, error)) return ScalarWritten::kFailed;
    WriteComplex(out, object);
    return ScalarWritten::kDone;
  }
  return ScalarWritten::kNotScalar;
}

ScalarWritten WriteWidenedScalar(ByteWriter& out, PyObject* object,
                                 std::size_t budget, CodecError& error) {
  const PyRef plain = WidenNumpyScalar(object);
  if (!plain) return ScalarWritten::kNotScalar;
  const ScalarWritten written = WriteScalar(out, plain.get(), budget, error);
  if (written == ScalarWritten::kDone) WriteTypeHint(out, object);
  return written;
}

void WriteTypeHint(ByteWriter& out, PyObject* scalar) {
  out.BytesField(kind::kTypeHint, Py_TYPE(scalar)->tp_name);
}

}  // namespace envknit
