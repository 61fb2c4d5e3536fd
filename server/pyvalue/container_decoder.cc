#include <algorithm>
#include <string>

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/ext_registry.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_decoder.h"
#include "server/pyvalue/value_schema.h"

// The containers of ValueDecoder. Their items wait on stack_ until the length
// is known; an exception of protozero leaves them there for Decode() to drop.
namespace envknit {
namespace {

namespace kind = schema::value;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

std::string_view KindName(uint32_t field) {
  switch (field) {
    case kind::kList:
      return "list_value";
    case kind::kTuple:
      return "tuple_value";
    case kind::kSet:
      return "set_value";
    default:
      return "frozenset_value";
  }
}

std::string_view Bytes(pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}

// The TypeError of hash() becomes a fault of the message; what user code
// raised stays what it is.
void Unhashable(PyObject* object, CodecError& error) {
  const bool builtin = (Py_TYPE(object)->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
  if (builtin && PyErr_ExceptionMatches(PyExc_TypeError)) {
    PyErr_Clear();
    error.Malformed(TypeFullName(Py_TYPE(object)) + " is not hashable");
  } else {
    error.Python();
  }
}

// The bytes of a value that is nothing but a string; empty view with null data
// if it is something else.
std::string_view PlainString(std::string_view value) {
  constexpr char kStringTag = kind::kString << 3 | 2;
  if (value.size() < 2 || value[0] != kStringTag) return {};
  const auto length = static_cast<unsigned char>(value[1]);
  if (length >= 128 || value.size() != std::size_t{length} + 2) return {};
  return value.substr(2);
}

}  // namespace

PyObject* ValueDecoder::DecodeList(uint32_t field, std::string_view bytes,
                                   uint32_t depth, CodecError& error) {
  if (!CheckDepth(depth, error)) return nullptr;
  const std::size_t base = stack_.size();
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.tag() != schema::list::kItems ||
        reader.wire_type() != pbf_wire_type::length_delimited) {
      reader.skip();
      continue;
    }
    PyObject* const item = CountElements(1, error)
                               ? DecodeValue(Bytes(reader), depth + 1, error)
                               : nullptr;
    if (item == nullptr) {
      error.PrependField("items", stack_.size() - base);
      error.PrependField(KindName(field));
      PopTo(base);
      return nullptr;
    }
    stack_.push_back(item);
  }
  return BuildCollection(field, base, error);
}

PyObject* ValueDecoder::DecodeHandleItems(std::string_view handle,
                                          uint32_t depth, CodecError& error) {
  const std::size_t base = stack_.size();
  pbf_reader reader(handle.data(), handle.size());
  while (reader.next()) {
    if (reader.tag() != schema::handle::kItems ||
        reader.wire_type() != pbf_wire_type::length_delimited) {
      reader.skip();
      continue;
    }
    PyObject* const item = CheckDepth(depth, error) && CountElements(1, error)
                               ? DecodeValue(Bytes(reader), depth + 1, error)
                               : nullptr;
    if (item == nullptr) {
      error.PrependField("items", stack_.size() - base);
      PopTo(base);
      return nullptr;
    }
    stack_.push_back(item);
  }
  return BuildCollection(kind::kTuple, base, error);
}

PyObject* ValueDecoder::BuildCollection(uint32_t field, std::size_t base,
                                        CodecError& error) {
  const auto count = static_cast<Py_ssize_t>(stack_.size() - base);
  if (field == kind::kSet || field == kind::kFrozenset) {
    PyRef set = PyRef::Steal(field == kind::kSet ? PySet_New(nullptr)
                                                 : PyFrozenSet_New(nullptr));
    for (std::size_t i = base; set && i < stack_.size(); ++i) {
      if (PySet_Add(set.get(), stack_[i]) == 0) continue;
      Unhashable(stack_[i], error);
      error.PrependField("items", i - base);
      error.PrependField(KindName(field));
      PopTo(base);
      return nullptr;
    }
    PopTo(base);
    if (!set) error.Python();
    return set.release();
  }
  PyObject* const built =
      field == kind::kTuple ? PyTuple_New(count) : PyList_New(count);
  if (built == nullptr) {
    error.Python();
    PopTo(base);
    return nullptr;
  }
  std::copy(stack_.begin() + static_cast<std::ptrdiff_t>(base), stack_.end(),
            PySequence_Fast_ITEMS(built));
  stack_.resize(base);
  return built;
}

PyObject* ValueDecoder::DecodeKey(std::string_view bytes, uint32_t depth,
                                  CodecError& error) {
  const std::string_view text = PlainString(bytes);
  if (text.data() == nullptr) return DecodeValue(bytes, depth, error);
  PyObject* const key = keys_.Get(text);
  if (key == nullptr) {
    PyErr_Clear();
    error.Malformed("text that is not UTF-8");
  }
  return key;
}

PyObject* ValueDecoder::DecodeDict(std::string_view bytes, uint32_t depth,
                                   CodecError& error) {
  if (!CheckDepth(depth, error)) return nullptr;
  PyRef dict = PyRef::Steal(PyDict_New());
  if (!dict) {
    error.Python();
    return nullptr;
  }
  // Pairs in the order of their keys. Encoders write key, value, key, value…,
  // where nothing waits; keys or values that run ahead wait on the stack: all
  // of one kind, since a pair leaves as soon as it is complete.
  const std::size_t base = stack_.size();
  std::size_t first = base;
  bool keys_wait = false;
  std::size_t index = 0;
  pbf_reader reader(bytes.data(), bytes.size());
  const auto fail = [&](std::string_view field, std::size_t at) {
    error.PrependField(field, at);
    error.PrependField("dict_value");
    PopTo(base);
    return nullptr;
  };
  while (reader.next()) {
    const bool is_key = reader.tag() == schema::dict::kKeys;
    if ((!is_key && reader.tag() != schema::dict::kValues) ||
        reader.wire_type() != pbf_wire_type::length_delimited) {
      reader.skip();
      continue;
    }
    const std::size_t waiting = stack_.size() - first;
    const std::size_t at = index + (is_key == keys_wait ? waiting : 0);
    const std::string_view item_bytes = Bytes(reader);
    PyRef item;
    if (CountElements(1, error)) {
      item = PyRef::Steal(is_key ? DecodeKey(item_bytes, depth + 1, error)
                                 : DecodeValue(item_bytes, depth + 1, error));
    }
    if (!item) return fail(is_key ? "keys" : "values", at);
    if (waiting == 0 || is_key == keys_wait) {
      keys_wait = is_key;
      stack_.push_back(item.release());
      continue;
    }
    PyObject* const partner = stack_[first];
    PyObject* const key = is_key ? item.get() : partner;
    PyObject* const value = is_key ? partner : item.get();
    if (PyDict_SetItem(dict.get(), key, value) != 0) {
      Unhashable(key, error);
      return fail("keys", index);
    }
    ++index;
    // What left stays below `first` until the waiting ones are all gone: taking
    // it out of the front each time would be quadratic.
    ++first;
    if (first == stack_.size()) {
      PopTo(base);
      first = base;
    }
  }
  if (stack_.size() != first) {
    error.Malformed("keys and values differ in number");
    error.PrependField("dict_value");
    PopTo(base);
    return nullptr;
  }
  PopTo(base);
  return dict.release();
}

PyObject* ValueDecoder::DecodePacked(bool floats, std::string_view bytes,
                                     CodecError& error) {
  const std::size_t base = stack_.size();
  bool tuple = false;
  const auto push = [&](PyObject* number) {
    if (number == nullptr) return error.Python();
    stack_.push_back(number);
    return true;
  };
  const auto take_run = [&](pbf_reader& reader) {
    if (floats) {
      const std::string_view run = Bytes(reader);
      if (run.size() % sizeof(double) != 0) throw protozero::exception();
      if (!CountElements(run.size() / sizeof(double), error)) return false;
      for (std::size_t i = 0; i < run.size(); i += sizeof(double)) {
        double number = 0;
        std::copy_n(run.data() + i, sizeof(number),
                    reinterpret_cast<char*>(&number));
        if (!push(PyFloat_FromDouble(number))) return false;
      }
      return true;
    }
    for (const int64_t number : reader.get_packed_sint64()) {
      if (!CountElements(1, error) || !push(PyLong_FromLongLong(number))) {
        return false;
      }
    }
    return true;
  };
  pbf_reader reader(bytes.data(), bytes.size());
  bool ok = true;
  while (ok && reader.next()) {
    const pbf_wire_type type = reader.wire_type();
    const bool values = reader.tag() == schema::packed::kValues;
    if (values && type == pbf_wire_type::length_delimited) {
      ok = take_run(reader);
    } else if (values && type == pbf_wire_type::varint && !floats) {
      ok = CountElements(1, error) &&
           push(PyLong_FromLongLong(reader.get_sint64()));
    } else if (values && type == pbf_wire_type::fixed64 && floats) {
      ok = CountElements(1, error) &&
           push(PyFloat_FromDouble(reader.get_double()));
    } else if (reader.tag() == schema::packed::kTuple &&
               type == pbf_wire_type::varint) {
      tuple = reader.get_uint64() != 0;
    } else {
      reader.skip();
    }
  }
  if (ok)
    return BuildCollection(tuple ? kind::kTuple : kind::kList, base, error);
  error.PrependField(floats ? "packed_floats" : "packed_ints");
  PopTo(base);
  return nullptr;
}

PyObject* ValueDecoder::DecodeExt(std::string_view bytes, uint32_t depth,
                                  CodecError& error) {
  if (!CheckDepth(depth, error)) return nullptr;
  const std::size_t base = stack_.size();
  std::string_view type;
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    const bool delimited =
        reader.wire_type() == pbf_wire_type::length_delimited;
    if (reader.tag() == schema::ext::kType && delimited) {
      type = Bytes(reader);
    } else if (reader.tag() == schema::ext::kFields && delimited) {
      PyObject* const item = CountElements(1, error)
                                 ? DecodeValue(Bytes(reader), depth + 1, error)
                                 : nullptr;
      if (item == nullptr) {
        error.PrependField("fields", stack_.size() - base);
        error.PrependField("ext");
        PopTo(base);
        return nullptr;
      }
      stack_.push_back(item);
    } else {
      reader.skip();
    }
  }
  PyObject* const object =
      BuildExt(type, stack_.data() + base, stack_.size() - base, error);
  if (object == nullptr) error.PrependField("ext");
  PopTo(base);
  return object;
}

}  // namespace envknit
