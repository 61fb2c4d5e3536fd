#include <cmath>
#include <string>

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/concat.h"
#include "server/pyvalue/json_value.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

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

// The largest n such that all integers up to it are doubles.
constexpr double kMaxExactInteger = 9007199254740992.0;

// One run over one message. Throws protozero's exceptions.
class JsonDecoder final {
 public:
  JsonDecoder(const ValueLimits& limits, CodecError& error)
      : limits_(limits), error_(error) {}

  PyObject* List(std::string_view bytes, uint32_t depth);
  PyObject* Struct(std::string_view bytes, uint32_t depth);

 private:
  PyObject* Value(std::string_view bytes, uint32_t depth);
  PyObject* Text(std::string_view bytes);
  bool AddEntry(PyObject* dict, std::string_view bytes, uint32_t depth);

  PyObject* Python() {
    error_.Python();
    return nullptr;
  }
  bool CountElement() {
    if (++elements_ <= limits_.elements) return true;
    return error_.OverLimit(
        "elements", Concat({"more than ", std::to_string(limits_.elements),
                            " elements in one message"}));
  }
  bool CheckDepth(uint32_t depth) {
    if (depth < limits_.depth) return true;
    return error_.OverLimit("depth", Concat({"nested deeper than ",
                                             std::to_string(limits_.depth)}));
  }

  const ValueLimits& limits_;
  CodecError& error_;
  uint32_t elements_ = 0;
};

std::string_view Bytes(pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}

PyObject* Number(double number) {
  if (std::trunc(number) == number && std::fabs(number) <= kMaxExactInteger) {
    return PyLong_FromLongLong(static_cast<long long>(number));
  }
  return PyFloat_FromDouble(number);
}

PyObject* JsonDecoder::Text(std::string_view bytes) {
  PyObject* const text = PyUnicode_DecodeUTF8(
      bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr);
  if (text == nullptr) {
    PyErr_Clear();
    error_.Malformed("text that is not UTF-8");
  }
  return text;
}

PyObject* JsonDecoder::Value(std::string_view bytes, uint32_t depth) {
  PyRef object;
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    const pbf_wire_type type = reader.wire_type();
    const uint32_t field = reader.tag();
    if (type == pbf_wire_type::varint && field == kNull) {
      reader.skip();
      object = PyRef::Borrow(Py_None);
    } else if (type == pbf_wire_type::varint && field == kBool) {
      object = PyRef::Steal(PyBool_FromLong(reader.get_uint64() != 0));
    } else if (type == pbf_wire_type::fixed64 && field == kNumber) {
      object = PyRef::Steal(Number(reader.get_double()));
      if (!object) return Python();
    } else if (type == pbf_wire_type::length_delimited && field == kString) {
      object = PyRef::Steal(Text(Bytes(reader)));
      if (!object) return nullptr;
    } else if (type == pbf_wire_type::length_delimited && field == kList) {
      object = PyRef::Steal(List(Bytes(reader), depth));
      if (!object) return nullptr;
    } else if (type == pbf_wire_type::length_delimited && field == kStruct) {
      object = PyRef::Steal(Struct(Bytes(reader), depth));
      if (!object) return nullptr;
    } else {
      reader.skip();
    }
  }
  if (!object) error_.Malformed("a JSON value without a kind");
  return object.release();
}

PyObject* JsonDecoder::List(std::string_view bytes, uint32_t depth) {
  if (!CheckDepth(depth)) return nullptr;
  PyRef list = PyRef::Steal(PyList_New(0));
  if (!list) return Python();
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.tag() != kListValues ||
        reader.wire_type() != pbf_wire_type::length_delimited) {
      reader.skip();
      continue;
    }
    const std::string_view item_bytes = Bytes(reader);
    const PyRef item =
        PyRef::Steal(CountElement() ? Value(item_bytes, depth + 1) : nullptr);
    if (!item) {
      error_.PrependIndex(
          static_cast<std::size_t>(PyList_GET_SIZE(list.get())));
      return nullptr;
    }
    if (PyList_Append(list.get(), item.get()) != 0) return Python();
  }
  return list.release();
}

bool JsonDecoder::AddEntry(PyObject* dict, std::string_view bytes,
                           uint32_t depth) {
  std::string_view name;
  std::string_view value;
  bool has_value = false;
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.wire_type() != pbf_wire_type::length_delimited ||
        reader.tag() > kEntryValue) {
      reader.skip();
    } else if (reader.tag() == kEntryKey) {
      name = Bytes(reader);
    } else {
      value = Bytes(reader);
      has_value = true;
    }
  }
  const PyRef key = PyRef::Steal(Text(name));
  if (!key || !CountElement() || !CountElement()) return false;
  if (!has_value) error_.Malformed("a JSON entry without a value");
  const PyRef object =
      PyRef::Steal(has_value ? Value(value, depth + 1) : nullptr);
  if (!object) {
    error_.PrependKey(key.get());
    return false;
  }
  return PyDict_SetItem(dict, key.get(), object.get()) == 0 || error_.Python();
}

PyObject* JsonDecoder::Struct(std::string_view bytes, uint32_t depth) {
  if (!CheckDepth(depth)) return nullptr;
  PyRef dict = PyRef::Steal(PyDict_New());
  if (!dict) return Python();
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.tag() != kStructFields ||
        reader.wire_type() != pbf_wire_type::length_delimited) {
      reader.skip();
      continue;
    }
    if (!AddEntry(dict.get(), Bytes(reader), depth)) return nullptr;
  }
  return dict.release();
}

}  // namespace

PyObject* DecodeJsonList(std::string_view bytes, const ValueLimits& limits,
                         CodecError& error) {
  try {
    return JsonDecoder(limits, error).List(bytes, 0);
  } catch (const protozero::exception&) {
    error.Malformed("not a valid message");
    return nullptr;
  }
}

PyObject* DecodeJsonStruct(std::string_view bytes, const ValueLimits& limits,
                           CodecError& error) {
  try {
    return JsonDecoder(limits, error).Struct(bytes, 0);
  } catch (const protozero::exception&) {
    error.Malformed("not a valid message");
    return nullptr;
  }
}

}  // namespace envknit
