#include "server/pyvalue/item_list_writer.h"

#include <bit>

#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace kind = schema::value;

// Of a packed int, which fits 64 bits.
std::size_t VarintBytes(long long value) {
  const int bits = std::bit_width(ByteWriter::ZigZag(value) | 1);
  return static_cast<std::size_t>((bits + 6) / 7);
}

}  // namespace

bool ItemListWriter::Keep(PyObject* item) {
  if (PyFloat_CheckExact(item) &&
      (form_ == Form::kEmpty || form_ == Form::kFloats)) {
    form_ = Form::kFloats;
    kept_bytes_ += sizeof(double);
  } else if (PyLong_CheckExact(item) &&
             (form_ == Form::kEmpty || form_ == Form::kInts)) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(item, &overflow);
    if (overflow != 0) return false;
    form_ = Form::kInts;
    kept_bytes_ += VarintBytes(value);
  } else {
    return false;
  }
  kept_.push_back(PyRef::Borrow(item));
  return true;
}

bool ItemListWriter::WriteKept(CodecError& error) {
  form_ = Form::kMixed;
  value_mark_ = out_.Open(field_);
  list_mark_ = out_.Open(kind::kList);
  for (const PyRef& number : kept_) {
    if (!encoder_.EncodeAutoItem(out_, schema::list::kItems, number.get(),
                                 error)) {
      return false;
    }
  }
  kept_.clear();
  kept_bytes_ = 0;
  return true;
}

bool ItemListWriter::Add(PyObject* item, CodecError& error) {
  if (form_ != Form::kMixed) {
    if (Keep(item)) {
      ++count_;
      return true;
    }
    if (!WriteKept(error)) return false;
  }
  last_item_ = out_.size();
  if (!encoder_.EncodeAutoItem(out_, schema::list::kItems, item, error)) {
    return false;
  }
  ++count_;
  return true;
}

bool ItemListWriter::ReplaceLastByHandle(PyObject* item, CodecError& error) {
  out_.Truncate(last_item_);
  return encoder_.EncodeHandle(out_, schema::list::kItems, item, error);
}

bool ItemListWriter::Close(CodecError& error) {
  if (form_ == Form::kMixed) {
    out_.Close(list_mark_);
    out_.Close(value_mark_);
    return true;
  }
  const PyRef list =
      PyRef::Steal(PyList_New(static_cast<Py_ssize_t>(kept_.size())));
  if (!list) return error.Python();
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), kept_[i].release());
  }
  return encoder_.EncodeByValue(out_, field_, list.get(), error);
}

}  // namespace envknit
