#include "server/pyvalue/value_encoder.h"

#include <algorithm>
#include <string>

#include "server/pyvalue/buffer_tensor.h"
#include "server/pyvalue/callable_reference.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/handle_message.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/scalar_writer.h"
#include "server/pyvalue/tensor_source.h"
#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace kind = schema::value;

// More elements than this stay behind their handle.
constexpr std::size_t kMaxHandleItems = 64;
// What a handle takes at most, but for arrays of absurdly many dimensions.
constexpr std::size_t kHandleRoom = 256;

// A subclass of tuple that answers iteration, len() and [] as tuple itself
// does.
bool IsNamedTuple(PyObject* object) {
  const PyTypeObject* const type = Py_TYPE(object);
  const PyTypeObject& own = PyTuple_Type;
  if (!PyTuple_Check(object) || type == &own) return false;
  const PySequenceMethods* const sequence = type->tp_as_sequence;
  const PyMappingMethods* const mapping = type->tp_as_mapping;
  // sq_item tells nothing: every subclass has a generic one.
  return type->tp_iter == own.tp_iter && sequence != nullptr &&
         mapping != nullptr &&
         sequence->sq_length == own.tp_as_sequence->sq_length &&
         mapping->mp_length == own.tp_as_mapping->mp_length &&
         mapping->mp_subscript == own.tp_as_mapping->mp_subscript;
}

}  // namespace

bool ValueEncoder::EncodeAuto(ByteWriter& out, uint32_t field, PyObject* object,
                              CodecError& error) {
  const std::size_t start = out.size();
  byte_limit_ = limits_.auto_bytes;
  const std::size_t mark = out.Open(field);
  if (EncodeAutoBody(out, object, 0, error)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

bool ValueEncoder::EncodeAutoItem(ByteWriter& out, uint32_t field,
                                  PyObject* object, CodecError& error) {
  const std::size_t start = out.size();
  byte_limit_ = limits_.auto_bytes;
  if (!CountElements(1, error)) return false;
  const std::size_t mark = out.Open(field);
  if (EncodeAutoBody(out, object, 1, error)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

bool ValueEncoder::EncodeByValue(ByteWriter& out, uint32_t field,
                                 PyObject* object, CodecError& error) {
  const std::size_t start = out.size();
  byte_limit_ = limits_.message_bytes;
  const std::size_t mark = out.Open(field);
  if (EncodeBody(out, object, Mode::kByValue, 0, error)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

bool ValueEncoder::EncodeHandle(ByteWriter& out, uint32_t field,
                                PyObject* object, CodecError& error) {
  const std::size_t start = out.size();
  const std::size_t mark = out.Open(field);
  if (EncodeHandleBody(out, object, error)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

bool ValueEncoder::EncodeTensor(ByteWriter& out, uint32_t field,
                                PyObject* object, CodecError& error) {
  const std::size_t start = out.size();
  const std::size_t mark = out.Open(field);
  const bool scalar = TensorSourceOf(object) == TensorSource::kScalar;
  if (WriteTensorOf(out, object, scalar, error)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

bool ValueEncoder::EncodeArgument(ByteWriter& out, uint32_t field,
                                  PyObject* object, CodecError& error) {
  const std::size_t start = out.size();
  const std::size_t mark = out.Open(field);
  if (EncodeBody(out, object, Mode::kArgument, 0, error)) {
    out.Close(mark);
    return true;
  }
  out.Truncate(start);
  return false;
}

bool ValueEncoder::EncodeAutoBody(ByteWriter& out, PyObject* object,
                                  uint32_t depth, CodecError& error) {
  const std::size_t start = out.size();
  const uint32_t counted = elements_;
  if (PyTuple_CheckExact(object) && PyTuple_GET_SIZE(object) != 0 &&
      depth < limits_.depth) {
    // Numbers go packed, as in any tuple by value; otherwise each element is a
    // result of its own.
    CodecError refused;
    if (EncodeBody(out, object, Mode::kAuto, depth, refused)) return true;
    PyErr_Clear();
    out.Truncate(start);
    elements_ = counted;
    const Py_ssize_t count = PyTuple_GET_SIZE(object);
    if (!CountElements(static_cast<std::size_t>(count), refused)) {
      return EncodeHandleBody(out, object, error);
    }
    const std::size_t list = out.Open(kind::kTuple);
    for (Py_ssize_t i = 0; i < count; ++i) {
      const std::size_t item = out.Open(schema::list::kItems);
      if (!EncodeAutoBody(out, PyTuple_GET_ITEM(object, i), depth + 1, error)) {
        error.PrependIndex(static_cast<std::size_t>(i));
        return false;
      }
      out.Close(item);
    }
    out.Close(list);
    return true;
  }
  CodecError refused;
  if (EncodeBody(out, object, Mode::kAuto, depth, refused)) return true;
  // A refusal by a Python exception (out of memory) is none of AUTO's reasons
  // to fail either; the handle is smaller.
  PyErr_Clear();
  out.Truncate(start);
  elements_ = counted;
  return EncodeAutoHandle(out, object, depth, error);
}

bool ValueEncoder::CarriesItems(const ByteWriter& out, PyObject* object,
                                uint32_t depth) const {
  if (!IsNamedTuple(object) || depth >= limits_.depth) return false;
  const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(object));
  // Handles can't be taken back, so what follows must fit: each element that
  // is too large by value is at most a handle.
  return count != 0 && count <= kMaxHandleItems &&
         count <= limits_.elements - std::min(elements_, limits_.elements) &&
         out.size() + count * kHandleRoom <= byte_limit_;
}

bool ValueEncoder::EncodeAutoHandle(ByteWriter& out, PyObject* object,
                                    uint32_t depth, CodecError& error) {
  if (!CarriesItems(out, object, depth)) {
    return EncodeHandleBody(out, object, error);
  }
  HandleFields handle;
  switch (handles_->Encode(object, handle, error)) {
    case HandleEncoder::Answer::kHandle:
      break;
    case HandleEncoder::Answer::kNotAHandle:
      return error.NotByValue(object);
    case HandleEncoder::Answer::kFailed:
      return false;
  }
  const Py_ssize_t count = PyTuple_GET_SIZE(object);
  elements_ += static_cast<uint32_t>(count);
  const std::size_t mark = OpenHandle(out, kind::kHandle, handle);
  // No element takes the room that those after it need for their handles.
  byte_limit_ -= static_cast<std::size_t>(count) * kHandleRoom;
  for (Py_ssize_t i = 0; i < count; ++i) {
    byte_limit_ += kHandleRoom;
    const std::size_t item = out.Open(schema::handle::kItems);
    if (!EncodeAutoBody(out, PyTuple_GET_ITEM(object, i), depth + 1, error)) {
      error.PrependIndex(static_cast<std::size_t>(i));
      return false;
    }
    out.Close(item);
  }
  out.Close(mark);
  return true;
}

bool ValueEncoder::EncodeHandleBody(ByteWriter& out, PyObject* object,
                                    CodecError& error) {
  HandleFields handle;
  switch (handles_->Encode(object, handle, error)) {
    case HandleEncoder::Answer::kHandle:
      WriteHandle(out, kind::kHandle, handle);
      return true;
    case HandleEncoder::Answer::kNotAHandle:
      return error.NotByValue(object);
    case HandleEncoder::Answer::kFailed:
      return false;
  }
  return false;
}

bool ValueEncoder::EncodeBody(ByteWriter& out, PyObject* object, Mode mode,
                              uint32_t depth, CodecError& error) {
  switch (WriteScalar(out, object, Budget(out, mode), error)) {
    case ScalarWritten::kDone:
      return true;
    case ScalarWritten::kFailed:
      return false;
    case ScalarWritten::kNotScalar:
      break;
  }
  switch (TryContainer(out, object, mode, depth, error)) {
    case Tried::kDone:
      return true;
    case Tried::kFailed:
      return false;
    case Tried::kOther:
      break;
  }
  switch (TryExt(out, object, mode, depth, error)) {
    case Tried::kDone:
      return true;
    case Tried::kFailed:
      return false;
    case Tried::kOther:
      break;
  }
  return EncodeLeaf(out, object, mode, error);
}

bool ValueEncoder::EncodeLeaf(ByteWriter& out, PyObject* object, Mode mode,
                              CodecError& error) {
  switch (WriteWidenedScalar(out, object, Budget(out, mode), error)) {
    case ScalarWritten::kDone:
      return true;
    case ScalarWritten::kFailed:
      return false;
    case ScalarWritten::kNotScalar:
      break;
  }
  if (mode == Mode::kAuto) return error.NotByValue(object);
  if (mode == Mode::kArgument) {
    HandleFields handle;
    switch (handles_->Encode(object, handle, error)) {
      case HandleEncoder::Answer::kHandle:
        WriteHandle(out, kind::kHandle, handle);
        return true;
      case HandleEncoder::Answer::kFailed:
        return false;
      case HandleEncoder::Answer::kNotAHandle:
        break;
    }
  }
  std::string why;
  switch (TryTensor(out, object, mode, why, error)) {
    case Tried::kDone:
      return true;
    case Tried::kFailed:
      return false;
    case Tried::kOther:
      break;
  }
  if (mode == Mode::kArgument && why.empty()) {
    if (const auto name = FindCallableName(object)) {
      WriteCallable(out, kind::kCallable, *name);
      return true;
    }
    why = RefusedCallableText(object);
  }
  return error.NotByValue(object, why);
}

ValueEncoder::Tried ValueEncoder::TryTensor(ByteWriter& out, PyObject* object,
                                            Mode mode, std::string& why,
                                            CodecError& error) {
  bool scalar = false;
  switch (TensorSourceOf(object)) {
    case TensorSource::kNone:
      return Tried::kOther;
    case TensorSource::kSubclass:
      why = SubclassText(object);
      return Tried::kOther;
    case TensorSource::kExporter:
      if (mode != Mode::kArgument) return Tried::kOther;
      break;
    case TensorSource::kScalar:
      scalar = true;
      break;
    case TensorSource::kArray:
      break;
  }
  if (!WriteTensorOf(out, object, scalar, error)) return Tried::kFailed;
  if (scalar) WriteTypeHint(out, object);
  return Tried::kDone;
}

bool ValueEncoder::WriteTensorOf(ByteWriter& out, PyObject* object, bool scalar,
                                 CodecError& error) {
  PyRef array;
  if (scalar) {
    array = ArrayOfScalar(object);
    if (!array) return error.Python();
  }
  return WriteBufferTensor(out, kind::kTensor, scalar ? array.get() : object,
                           limits_.message_bytes, error);
}

std::size_t ValueEncoder::Budget(const ByteWriter& out, Mode mode) const {
  const std::size_t limit = ByteLimit(mode);
  return limit > out.size() ? limit - out.size() : 0;
}

bool ValueEncoder::CountElements(std::size_t count, CodecError& error) {
  if (count > limits_.elements - std::min(elements_, limits_.elements)) {
    return error.OverLimit(
        "elements", Concat({"more than ", std::to_string(limits_.elements),
                            " elements in one message"}));
  }
  elements_ += static_cast<uint32_t>(count);
  return true;
}

bool ValueEncoder::CheckDepth(uint32_t depth, CodecError& error) const {
  if (depth < limits_.depth) return true;
  return error.OverLimit(
      "depth", Concat({"nested deeper than ", std::to_string(limits_.depth)}));
}

}  // namespace envknit
