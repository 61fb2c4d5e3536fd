#include <cstdint>
#include <cstring>
#include <string>

#include "server/pyvalue/ext_registry.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_encoder.h"
#include "server/pyvalue/value_schema.h"

// The containers of ValueEncoder. Items are held while they are encoded: a
// garbage collection may run anything, also what empties the container.
namespace envknit {
namespace {

namespace kind = schema::value;

Py_ssize_t SizeOf(PyObject* sequence) { return Py_SIZE(sequence); }

PyObject* const* ItemsOf(PyObject* sequence) {
  return PySequence_Fast_ITEMS(sequence);
}

bool IsAllFloats(PyObject* sequence) {
  PyObject* const* const items = ItemsOf(sequence);
  const Py_ssize_t count = SizeOf(sequence);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!PyFloat_CheckExact(items[i])) return false;
  }
  return true;
}

void WritePackedFloats(ByteWriter& out, PyObject* sequence, bool tuple) {
  const auto count = static_cast<std::size_t>(SizeOf(sequence));
  PyObject* const* const items = ItemsOf(sequence);
  const std::size_t mark = out.Open(kind::kPackedFloats);
  out.Tag(schema::packed::kValues, ByteWriter::kBytes);
  out.Varint(count * sizeof(double));
  char* at = out.Append(count * sizeof(double));
  for (std::size_t i = 0; i < count; ++i) {
    const double value = PyFloat_AS_DOUBLE(items[i]);
    std::memcpy(at, &value, sizeof(value));
    at += sizeof(value);
  }
  if (tuple) out.VarintField(schema::packed::kTuple, 1);
  out.Close(mark);
}

// False: not all are ints of 64 bits; nothing was written.
bool TryPackedInts(ByteWriter& out, PyObject* sequence, bool tuple) {
  const Py_ssize_t count = SizeOf(sequence);
  PyObject* const* const items = ItemsOf(sequence);
  const std::size_t start = out.size();
  const std::size_t mark = out.Open(kind::kPackedInts);
  const std::size_t run = out.Open(schema::packed::kValues);
  for (Py_ssize_t i = 0; i < count; ++i) {
    int overflow = 0;
    if (!PyLong_CheckExact(items[i])) {
      out.Truncate(start);
      return false;
    }
    const long long value = PyLong_AsLongLongAndOverflow(items[i], &overflow);
    if (overflow != 0) {
      out.Truncate(start);
      return false;
    }
    out.Varint(ByteWriter::ZigZag(value));
  }
  out.Close(run);
  if (tuple) out.VarintField(schema::packed::kTuple, 1);
  out.Close(mark);
  return true;
}

}  // namespace

ValueEncoder::Tried ValueEncoder::TryContainer(ByteWriter& out,
                                               PyObject* object, Mode mode,
                                               uint32_t depth,
                                               CodecError& error) {
  const auto tried = [](bool done) {
    return done ? Tried::kDone : Tried::kFailed;
  };
  const bool list = PyList_CheckExact(object);
  if (list || PyTuple_CheckExact(object)) {
    return tried(CheckDepth(depth, error) &&
                 EncodeSequence(out, object, !list, mode, depth, error));
  }
  if (PyDict_CheckExact(object)) {
    return tried(CheckDepth(depth, error) &&
                 EncodeDict(out, object, mode, depth, error));
  }
  const bool frozen = PyFrozenSet_CheckExact(object);
  if (frozen || Py_IS_TYPE(object, &PySet_Type)) {
    return tried(CheckDepth(depth, error) &&
                 EncodeSet(out, frozen ? kind::kFrozenset : kind::kSet, object,
                           mode, depth, error));
  }
  return Tried::kOther;
}

bool ValueEncoder::EncodeSequence(ByteWriter& out, PyObject* sequence,
                                  bool tuple, Mode mode, uint32_t depth,
                                  CodecError& error) {
  const auto count = static_cast<std::size_t>(SizeOf(sequence));
  if (!CountElements(count, error)) return false;
  if (count != 0) {
    PyObject* const first = ItemsOf(sequence)[0];
    if (PyFloat_CheckExact(first) && IsAllFloats(sequence)) {
      if (out.size() + count * sizeof(double) > ByteLimit(mode)) {
        return error.OverLimit("message_bytes", "too large to go by value");
      }
      WritePackedFloats(out, sequence, tuple);
      return true;
    }
    if (PyLong_CheckExact(first) && TryPackedInts(out, sequence, tuple)) {
      return out.size() <= ByteLimit(mode) ||
             error.OverLimit("message_bytes", "too large to go by value");
    }
  }
  const std::size_t mark = out.Open(tuple ? kind::kTuple : kind::kList);
  for (Py_ssize_t i = 0; i < SizeOf(sequence); ++i) {
    const PyRef item = PyRef::Borrow(ItemsOf(sequence)[i]);
    const std::size_t element = out.Open(schema::list::kItems);
    if (!EncodeBody(out, item.get(), mode, depth + 1, error)) {
      error.PrependIndex(static_cast<std::size_t>(i));
      return false;
    }
    out.Close(element);
  }
  out.Close(mark);
  return true;
}

bool ValueEncoder::EncodeSet(ByteWriter& out, uint32_t field, PyObject* set,
                             Mode mode, uint32_t depth, CodecError& error) {
  if (!CountElements(static_cast<std::size_t>(PySet_GET_SIZE(set)), error)) {
    return false;
  }
  const PyRef iterator = PyRef::Steal(PyObject_GetIter(set));
  if (!iterator) return error.Python();
  const std::size_t mark = out.Open(field);
  std::size_t index = 0;
  while (PyRef item = PyRef::Steal(PyIter_Next(iterator.get()))) {
    const std::size_t element = out.Open(schema::list::kItems);
    if (!EncodeBody(out, item.get(), mode, depth + 1, error)) {
      error.PrependIndex(index);
      return false;
    }
    out.Close(element);
    ++index;
  }
  if (PyErr_Occurred() != nullptr) return error.Python();
  out.Close(mark);
  return true;
}

bool ValueEncoder::EncodeDict(ByteWriter& out, PyObject* dict, Mode mode,
                              uint32_t depth, CodecError& error) {
  const Py_ssize_t size = PyDict_GET_SIZE(dict);
  if (!CountElements(static_cast<std::size_t>(size) * 2, error)) return false;
  const std::size_t mark = out.Open(kind::kDict);
  Py_ssize_t position = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    const PyRef held_key = PyRef::Borrow(key);
    const PyRef held_value = PyRef::Borrow(value);
    std::size_t element = out.Open(schema::dict::kKeys);
    if (!EncodeBody(out, key, mode, depth + 1, error)) {
      error.PrependKey(key);
      return false;
    }
    out.Close(element);
    element = out.Open(schema::dict::kValues);
    if (!EncodeBody(out, value, mode, depth + 1, error)) {
      error.PrependKey(key);
      return false;
    }
    out.Close(element);
    if (PyDict_GET_SIZE(dict) != size) {
      return error.NotByValue(dict, "the dict changed while it was copied");
    }
  }
  out.Close(mark);
  return true;
}

ValueEncoder::Tried ValueEncoder::TryExt(ByteWriter& out, PyObject* object,
                                         Mode mode, uint32_t depth,
                                         CodecError& error) {
  const ExtParts ext = TakeExt(object);
  if (ext.type.empty()) return Tried::kOther;
  if (!ext.fields) {
    error.Python();
    return Tried::kFailed;
  }
  PyObject* const fields = ext.fields.get();
  const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(fields));
  if (!CheckDepth(depth, error) || !CountElements(count, error)) {
    return Tried::kFailed;
  }
  const std::size_t mark = out.Open(kind::kExt);
  out.BytesField(schema::ext::kType, ext.type);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t element = out.Open(schema::ext::kFields);
    PyObject* const item = PyTuple_GET_ITEM(fields, static_cast<Py_ssize_t>(i));
    if (!EncodeBody(out, item, mode, depth + 1, error)) {
      const std::string_view field = ExtFieldName(ext.type, i);
      if (field.empty()) {
        error.PrependIndex(i);
      } else {
        error.PrependRoot(field);
      }
      return Tried::kFailed;
    }
    out.Close(element);
  }
  out.Close(mark);
  return Tried::kDone;
}

}  // namespace envknit
