#include "server/pyvalue/scalar_reader.h"

#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace kind = schema::value;

PyObject* Text(std::string_view bytes, bool surrogates, CodecError& error) {
  PyObject* const text =
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()),
                           surrogates ? "surrogatepass" : nullptr);
  if (text == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
      PyErr_Clear();
      error.Malformed("text that is not UTF-8");
      error.PrependField(surrogates ? "raw_string_value" : "string_value");
    } else {
      error.Python();
    }
  }
  return text;
}

PyObject* Complex(std::string_view bytes) {
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  double real = 0;
  double imag = 0;
  while (reader.next()) {
    const bool fixed = reader.wire_type() == protozero::pbf_wire_type::fixed64;
    if (fixed && reader.tag() == schema::complex::kReal) {
      real = reader.get_double();
    } else if (fixed && reader.tag() == schema::complex::kImag) {
      imag = reader.get_double();
    } else {
      reader.skip();
    }
  }
  return PyComplex_FromDoubles(real, imag);
}

}  // namespace

PyObject* ReadScalar(uint32_t field, std::string_view bytes,
                     CodecError& error) {
  PyObject* object = nullptr;
  switch (field) {
    case kind::kNone:
      Py_INCREF(Py_None);
      return Py_None;
    case kind::kString:
      return Text(bytes, false, error);
    case kind::kRawString:
      return Text(bytes, true, error);
    case kind::kBytes:
      object = PyBytes_FromStringAndSize(bytes.data(),
                                         static_cast<Py_ssize_t>(bytes.size()));
      break;
    case kind::kBigint:
      object = _PyLong_FromByteArray(
          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
          /*little_endian=*/1, /*is_signed=*/1);
      break;
    case kind::kComplex:
      object = Complex(bytes);
      break;
    default:
      return nullptr;
  }
  if (object == nullptr) error.Python();
  return object;
}

}  // namespace envknit
