#include <cmath>
#include <string>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/json_value.h"
#include "server/pyvalue/numpy_scalar.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {
namespace {

// Of google/protobuf/struct.proto.
enum JsonField : uint32_t {
  kNull = 1,
  kNumber = 2,
  kString = 3,
  kBool = 4,
  kStruct = 5,
  kList = 6,
};
constexpr uint32_t kListValues = 1;
constexpr uint32_t kStructFields = 1;
constexpr uint32_t kEntryKey = 1;
constexpr uint32_t kEntryValue = 2;

constexpr long long kMaxExactInteger = 1LL << 53;

// One run over one object.
class JsonEncoder final {
 public:
  JsonEncoder(ByteWriter& out, const ValueLimits& limits, CodecError& error)
      : out_(out), limits_(limits), error_(error) {}

  bool Value(PyObject* object, uint32_t depth);

 private:
  bool Int(PyObject* number);
  bool Float(PyObject* object, double number);
  bool Text(uint32_t field, PyObject* text);
  bool List(PyObject* sequence, uint32_t depth);
  bool Struct(PyObject* dict, uint32_t depth);
  bool Enter(uint32_t depth, std::size_t elements);

  ByteWriter& out_;
  const ValueLimits& limits_;
  CodecError& error_;
  std::size_t elements_ = 0;
};

bool JsonEncoder::Enter(uint32_t depth, std::size_t elements) {
  if (depth >= limits_.depth) {
    return error_.OverLimit("depth", Concat({"nested deeper than ",
                                             std::to_string(limits_.depth)}));
  }
  elements_ += elements;
  if (elements_ <= limits_.elements) return true;
  return error_.OverLimit(
      "elements", Concat({"more than ", std::to_string(limits_.elements),
                          " elements in one message"}));
}

bool JsonEncoder::Int(PyObject* number) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (overflow != 0 || value > kMaxExactInteger || value < -kMaxExactInteger) {
    return error_.NotByValue(number, "an int beyond 2^53 is not JSON");
  }
  out_.DoubleField(kNumber, static_cast<double>(value));
  return true;
}

bool JsonEncoder::Float(PyObject* object, double number) {
  if (!std::isfinite(number)) {
    return error_.NotByValue(object, "NaN and infinities are not JSON");
  }
  out_.DoubleField(kNumber, number);
  return true;
}

bool JsonEncoder::Text(uint32_t field, PyObject* text) {
  const PyRef bytes = PyRef::Steal(PyUnicode_AsUTF8String(text));
  if (!bytes) {
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
      return error_.Python();
    }
    PyErr_Clear();
    return error_.NotByValue(text, "a str with lone surrogates is not JSON");
  }
  const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()));
  if (size + out_.size() > limits_.message_bytes) {
    return error_.OverLimit("message_bytes", "too large to go by value");
  }
  out_.BytesField(field, {PyBytes_AS_STRING(bytes.get()), size});
  return true;
}

bool JsonEncoder::List(PyObject* sequence, uint32_t depth) {
  if (!Enter(depth, static_cast<std::size_t>(Py_SIZE(sequence)))) return false;
  const std::size_t mark = out_.Open(kList);
  for (Py_ssize_t i = 0; i < Py_SIZE(sequence); ++i) {
    const PyRef item = PyRef::Borrow(PySequence_Fast_ITEMS(sequence)[i]);
    const std::size_t element = out_.Open(kListValues);
    if (!Value(item.get(), depth + 1)) {
      error_.PrependIndex(static_cast<std::size_t>(i));
      return false;
    }
    out_.Close(element);
  }
  out_.Close(mark);
  return true;
}

bool JsonEncoder::Struct(PyObject* dict, uint32_t depth) {
  const Py_ssize_t size = PyDict_GET_SIZE(dict);
  if (!Enter(depth, static_cast<std::size_t>(size) * 2)) return false;
  const std::size_t mark = out_.Open(kStruct);
  Py_ssize_t position = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    const PyRef held_key = PyRef::Borrow(key);
    const PyRef held_value = PyRef::Borrow(value);
    if (!PyUnicode_CheckExact(key)) {
      error_.NotByValue(key, "a dict key that is not a str is not JSON");
      error_.PrependKey(key);
      return false;
    }
    const std::size_t entry = out_.Open(kStructFields);
    if (!Text(kEntryKey, key)) return false;
    const std::size_t element = out_.Open(kEntryValue);
    if (!Value(value, depth + 1)) {
      error_.PrependKey(key);
      return false;
    }
    out_.Close(element);
    out_.Close(entry);
    if (PyDict_GET_SIZE(dict) != size) {
      return error_.NotByValue(dict, "the dict changed while it was copied");
    }
  }
  out_.Close(mark);
  return true;
}

bool JsonEncoder::Value(PyObject* object, uint32_t depth) {
  if (out_.size() > limits_.message_bytes) {
    return error_.OverLimit("message_bytes", "too large to go by value");
  }
  if (object == Py_None) {
    out_.VarintField(kNull, 0);
    return true;
  }
  if (PyBool_Check(object)) {
    out_.VarintField(kBool, object == Py_True ? 1 : 0);
    return true;
  }
  if (PyLong_CheckExact(object)) return Int(object);
  if (PyFloat_CheckExact(object)) {
    return Float(object, PyFloat_AS_DOUBLE(object));
  }
  if (PyUnicode_CheckExact(object)) return Text(kString, object);
  if (PyList_CheckExact(object) || PyTuple_CheckExact(object)) {
    return List(object, depth);
  }
  if (PyDict_CheckExact(object)) return Struct(object, depth);
  const PyRef plain = WidenNumpyScalar(object);
  // What it widens to is never a numpy scalar again.
  if (plain) return Value(plain.get(), depth);
  return error_.NotByValue(
      object, Concat({TypeFullName(Py_TYPE(object)), " is not JSON"}));
}

}  // namespace

bool EncodeJson(ByteWriter& out, uint32_t field, PyObject* object,
                const ValueLimits& limits, CodecError& error) {
  const std::size_t start = out.size();
  const std::size_t mark = out.Open(field);
  if (JsonEncoder(out, limits, error).Value(object, 0)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

}  // namespace envknit
