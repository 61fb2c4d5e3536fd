#include "server/pyvalue/value_decoder.h"

#include <new>
#include <string>

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/callable_reference.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/handle_message.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/scalar_reader.h"
#include "server/pyvalue/tensor_layout.h"
#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace kind = schema::value;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

// From this size on the cyclic garbage collector is held off: decoding makes
// many objects and no garbage.
constexpr std::size_t kPauseCollectorBytes = std::size_t{64} << 10;

// What an array without dimensions holds.
PyRef ItemOfTensor(PyObject* array, CodecError& error) {
  const PyRef nothing = PyRef::Steal(PyTuple_New(0));
  PyRef item =
      nothing ? PyRef::Steal(PyObject_GetItem(array, nothing.get())) : PyRef();
  if (!item) error.Python();
  return item;
}

// Pauses the collector while it lives.
class CollectorPause final {
 public:
  explicit CollectorPause(bool pause) : paused_(pause && PyGC_Disable() != 0) {}
  CollectorPause(const CollectorPause&) = delete;
  CollectorPause& operator=(const CollectorPause&) = delete;
  ~CollectorPause() {
    if (paused_) PyGC_Enable();
  }

 private:
  const bool paused_;
};

}  // namespace

PyObject* ValueDecoder::Decode(std::string_view value, CodecError& error) {
  const CollectorPause pause(value.size() >= kPauseCollectorBytes);
  const std::size_t base = stack_.size();
  try {
    return DecodeValue(value, 0, error);
  } catch (const protozero::exception&) {
    error.Malformed("not a valid message");
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    error.Python();
  }
  PopTo(base);
  return nullptr;
}

PyObject* ValueDecoder::DecodeValue(std::string_view bytes, uint32_t depth,
                                    CodecError& error) {
  pbf_reader reader(bytes.data(), bytes.size());
  PyRef object;
  bool is_tensor = false;
  bool has_hint = false;
  while (reader.next()) {
    const uint32_t field = reader.tag();
    if (field > kind::kCallable || field == 0) {
      has_hint = has_hint || field == kind::kTypeHint;
      reader.skip();
      continue;
    }
    is_tensor = field == kind::kTensor;
    if (object) {
      error.Malformed("more than one kind in a value");
      return nullptr;
    }
    switch (reader.wire_type()) {
      case pbf_wire_type::varint:
        if (field == kind::kInt) {
          object = PyRef::Steal(PyLong_FromLongLong(reader.get_sint64()));
        } else if (field == kind::kBool) {
          object = PyRef::Steal(PyBool_FromLong(reader.get_uint64() != 0));
        }
        break;
      case pbf_wire_type::fixed64:
        if (field == kind::kFloat) {
          object = PyRef::Steal(PyFloat_FromDouble(reader.get_double()));
        }
        break;
      case pbf_wire_type::length_delimited: {
        const protozero::data_view view = reader.get_view();
        object = PyRef::Steal(
            DecodeKind(field, {view.data(), view.size()}, depth, error));
        if (!object && error.kind != CodecError::Kind::kNone) return nullptr;
        break;
      }
      default:
        break;
    }
    if (!object) {
      if (PyErr_Occurred() != nullptr) {
        error.Python();
      } else {
        error.Malformed(Concat({"field ", std::to_string(field),
                                " of a value has the wrong form"}));
      }
      return nullptr;
    }
  }
  if (!object) error.Malformed("a value without a kind");
  // A scalar that has no plain form; of arrays, nothing is hinted.
  if (is_tensor && has_hint) object = ItemOfTensor(object.get(), error);
  return object.release();
}

PyObject* ValueDecoder::DecodeKind(uint32_t field, std::string_view bytes,
                                   uint32_t depth, CodecError& error) {
  switch (field) {
    case kind::kList:
    case kind::kTuple:
    case kind::kSet:
    case kind::kFrozenset:
      return DecodeList(field, bytes, depth, error);
    case kind::kDict:
      return DecodeDict(bytes, depth, error);
    case kind::kPackedInts:
      return DecodePacked(false, bytes, error);
    case kind::kPackedFloats:
      return DecodePacked(true, bytes, error);
    case kind::kHandle:
      return DecodeHandle(bytes, depth, error);
    case kind::kTensor:
      return DecodeTensor(bytes, error);
    case kind::kExt:
      return DecodeExt(bytes, depth, error);
    case kind::kCallable:
      return DecodeCallable(bytes, error);
    default:
      return ReadScalar(field, bytes, error);
  }
}

PyObject* ValueDecoder::DecodeCallable(std::string_view bytes,
                                       CodecError& error) {
  PyObject* object = nullptr;
  if (references_ == CallableReferences::kResolved) {
    object = ResolveCallable(bytes, error);
  } else {
    error.Malformed("a callable reference, which only a worker resolves");
  }
  if (object == nullptr) error.PrependField("callable");
  return object;
}

PyObject* ValueDecoder::DecodeHandle(std::string_view bytes, uint32_t depth,
                                     CodecError& error) {
  HandleFields handle;
  PyObject* object = nullptr;
  if (ReadHandle(bytes, handle, error)) {
    if (!handles_->WantsItems()) {
      object = handles_->Decode(handle, error);
    } else if (const PyRef items =
                   PyRef::Steal(DecodeHandleItems(bytes, depth, error))) {
      object = PyTuple_GET_SIZE(items.get()) == 0
                   ? handles_->Decode(handle, error)
                   : handles_->DecodeWithItems(handle, items.get(), error);
    }
  }
  if (object == nullptr) error.PrependField("handle");
  return object;
}

PyObject* ValueDecoder::DecodeTensor(std::string_view bytes,
                                     CodecError& error) {
  namespace field = schema::tensor;
  TensorFields tensor;
  bool has_data = false;
  // What doesn't fit is refused by CheckTensor; this only bounds the memory.
  const auto add = [](auto& list, auto item) {
    if (list.size() > 64) throw protozero::exception();
    list.push_back(item);
  };
  pbf_reader reader(bytes.data(), bytes.size());
  std::string why;
  while (reader.next()) {
    const bool packed = reader.wire_type() == pbf_wire_type::length_delimited;
    const bool single = reader.wire_type() == pbf_wire_type::varint;
    const uint32_t tag = reader.tag();
    if (tag == field::kShape && packed) {
      for (const uint64_t extent : reader.get_packed_uint64()) {
        add(tensor.shape, extent);
      }
    } else if (tag == field::kShape && single) {
      add(tensor.shape, reader.get_uint64());
    } else if (tag == field::kStrides && packed) {
      for (const int64_t stride : reader.get_packed_sint64()) {
        add(tensor.strides, stride);
      }
    } else if (tag == field::kStrides && single) {
      add(tensor.strides, reader.get_sint64());
    } else if (packed && (tag == field::kTypestr || tag == field::kInline ||
                          tag == field::kDescr)) {
      const protozero::data_view view = reader.get_view();
      const std::string_view text(view.data(), view.size());
      if (tag == field::kTypestr) tensor.typestr = text;
      if (tag == field::kInline) tensor.data = text;
      if (tag == field::kDescr) tensor.descr = text;
      has_data = has_data || tag == field::kInline;
    } else {
      reader.skip();
    }
  }
  if (!has_data) why = "a tensor without data";
  if (!why.empty() || !CheckTensor(tensor, why)) {
    error.Malformed(why);
    error.PrependField("tensor");
    return nullptr;
  }
  PyObject* const array = tensors_->Decode(tensor, error);
  if (array == nullptr) error.PrependField("tensor");
  return array;
}

bool ValueDecoder::CountElements(std::size_t count, CodecError& error) {
  if (count > limits_.elements - elements_) {
    return error.OverLimit(
        "elements", Concat({"more than ", std::to_string(limits_.elements),
                            " elements in one message"}));
  }
  elements_ += static_cast<uint32_t>(count);
  return true;
}

bool ValueDecoder::CheckDepth(uint32_t depth, CodecError& error) const {
  if (depth < limits_.depth) return true;
  return error.OverLimit(
      "depth", Concat({"nested deeper than ", std::to_string(limits_.depth)}));
}

void ValueDecoder::PopTo(std::size_t base) {
  while (stack_.size() > base) {
    PyObject* const object = stack_.back();
    stack_.pop_back();
    Py_DECREF(object);
  }
}

}  // namespace envknit
