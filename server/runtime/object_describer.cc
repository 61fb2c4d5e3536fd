#include "server/runtime/object_describer.h"

#include <algorithm>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/value_encoder.h"
#include "server/runtime/name_kind.h"
#include "server/runtime/python_source.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

namespace field = schema::object_description;

constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxDefaultBytes = std::size_t{4} << 10;
constexpr Py_ssize_t kMaxNames = 4096;
constexpr Py_ssize_t kMaxParameters = 1000;
// Of the tuples that describe_object.py answers with.
constexpr Py_ssize_t kParts = 6;
constexpr Py_ssize_t kSignatureParts = 3;
constexpr Py_ssize_t kParameterParts = 6;

// Defaults are plain data or text, never handles.
class NoHandles final : public HandleEncoder {
 public:
  Answer Encode(PyObject*, HandleFields&, CodecError&) override {
    return Answer::kNotAHandle;
  }
};

bool IsTuple(PyObject* object, Py_ssize_t size) {
  return PyTuple_CheckExact(object) && PyTuple_GET_SIZE(object) == size;
}

bool Unexpected() {
  PyErr_SetString(PyExc_RuntimeError,
                  "describe_object.py and the runtime do not fit together");
  return false;
}

// Drops an exception that stands for "not known"; false for one that stops the
// call, which stays set.
bool SwallowException() {
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return false;
  PyErr_Clear();
  return true;
}

}  // namespace

bool ObjectDescriber::Load() {
  if (describe_) return true;
  const PyRef names = RunPythonSource(runtime_dir_, "describe_object.py");
  if (!names) return false;
  describe_ = PyRef::Borrow(PyDict_GetItemString(names.get(), "describe"));
  return describe_ ? true : Unexpected();
}

bool ObjectDescriber::Write(ByteWriter& out, uint32_t number, PyObject* object,
                            std::string_view type_info, bool with_repr) {
  if (!Load()) return false;
  PyRef repr;
  if (with_repr) {
    repr = PyRef::Steal(PyObject_Repr(object));
    if (!repr) return false;
  }
  const PyRef parts =
      PyRef::Steal(PyObject_CallOneArg(describe_.get(), object));
  if (!parts) return false;
  if (!IsTuple(parts.get(), kParts)) return Unexpected();
  const auto part = [&](Py_ssize_t i) {
    return PyTuple_GET_ITEM(parts.get(), i);
  };
  const std::size_t mark = out.Open(number);
  out.VarintField(field::kKind, static_cast<uint64_t>(KindOf(object)));
  out.BytesField(field::kType, type_info);
  out.TextField(field::kModule, TextOf(part(0), kMaxNameBytes));
  out.TextField(field::kQualname, TextOf(part(1), kMaxNameBytes));
  if (!WriteNames(out, part(2))) return false;
  if (part(3) == Py_True) out.VarintField(field::kTruncated, 1);
  out.TextField(field::kDoc, TextOf(part(4), kMaxTextBytes));
  if (part(5) != Py_None && !WriteSignature(out, part(5))) return false;
  if (repr) out.TextField(field::kRepr, TextOf(repr.get(), kMaxTextBytes));
  out.Close(mark);
  return true;
}

bool ObjectDescriber::WriteNames(ByteWriter& out, PyObject* names) {
  if (!PyList_CheckExact(names)) return Unexpected();
  const Py_ssize_t count = std::min(PyList_GET_SIZE(names), kMaxNames);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const entry = PyList_GET_ITEM(names, i);
    if (!IsTuple(entry, 2)) return Unexpected();
    const std::string name = TextOf(PyTuple_GET_ITEM(entry, 0), kMaxNameBytes);
    if (name.empty()) continue;
    const std::size_t mark = out.Open(field::kNames);
    out.BytesField(schema::module_name::kName, name);
    out.VarintField(schema::module_name::kKind,
                    static_cast<uint64_t>(KindOf(PyTuple_GET_ITEM(entry, 1))));
    out.Close(mark);
  }
  return true;
}

bool ObjectDescriber::WriteSignature(ByteWriter& out, PyObject* signature) {
  if (!IsTuple(signature, kSignatureParts)) return Unexpected();
  PyObject* const parameters = PyTuple_GET_ITEM(signature, 1);
  if (!PyList_CheckExact(parameters)) return Unexpected();
  // More of them are no signature that anybody could use.
  if (PyList_GET_SIZE(parameters) > kMaxParameters) return true;
  const std::size_t mark = out.Open(field::kSignature);
  out.TextField(schema::signature::kText,
                TextOf(PyTuple_GET_ITEM(signature, 0), kMaxTextBytes));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parameters); ++i) {
    // reprs of defaults may change the list; each is held while it is written.
    const PyRef parameter = PyRef::Borrow(PyList_GET_ITEM(parameters, i));
    if (!WriteParameter(out, parameter.get())) return false;
  }
  out.TextField(schema::signature::kReturnAnnotation,
                TextOf(PyTuple_GET_ITEM(signature, 2), kMaxDefaultBytes));
  out.Close(mark);
  return true;
}

// (name, kind, has default, default, its text, annotation); the text is None
// for a default that is the object itself.
bool ObjectDescriber::WriteParameter(ByteWriter& out, PyObject* parameter) {
  if (!IsTuple(parameter, kParameterParts)) return Unexpected();
  const auto part = [&](Py_ssize_t i) {
    return PyTuple_GET_ITEM(parameter, i);
  };
  const long kind = PyLong_AsLong(part(1));
  if (kind == -1 && PyErr_Occurred() != nullptr) return false;
  const std::size_t mark = out.Open(schema::signature::kParameters);
  out.TextField(schema::parameter::kName, TextOf(part(0), kMaxNameBytes));
  out.VarintField(schema::parameter::kKind, static_cast<uint64_t>(kind));
  if (part(2) == Py_True) {
    out.VarintField(schema::parameter::kHasDefault, 1);
    if (part(4) != Py_None) {
      out.TextField(schema::parameter::kDefaultText,
                    TextOf(part(4), kMaxDefaultBytes));
    } else if (!WriteDefault(out, part(3))) {
      return false;
    }
  }
  out.TextField(schema::parameter::kAnnotation,
                TextOf(part(5), kMaxDefaultBytes));
  out.Close(mark);
  return true;
}

bool ObjectDescriber::WriteDefault(ByteWriter& out, PyObject* value) {
  NoHandles no_handles;
  ValueLimits limits = limits_;
  limits.message_bytes = out.size() + kMaxDefaultBytes;
  ValueEncoder encoder(limits, &no_handles);
  CodecError error;
  if (encoder.EncodeByValue(out, schema::parameter::kDefaultValue, value,
                            error)) {
    return true;
  }
  PyErr_Clear();
  const PyRef repr = PyRef::Steal(PyObject_Repr(value));
  if (!repr && !SwallowException()) return false;
  out.BytesField(schema::parameter::kDefaultText,
                 repr ? TextOf(repr.get(), kMaxDefaultBytes)
                      : Concat({"<", NamesOf(Py_TYPE(value)).Full(), ">"}));
  return true;
}

}  // namespace envknit
