#include <string>
#include <string_view>

#include "server/pyvalue/concat.h"
#include "server/runtime/attribute_request.h"
#include "server/runtime/executor.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

// How Executor changes attributes and describes objects.
namespace envknit {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;

// The name of the module that `object` is; empty if it is none.
std::string ModuleName(PyObject* object, const TargetView& target) {
  // Whatever put itself into sys.modules counts as one.
  if (target.module && target.path.empty() && target.steps.empty()) {
    return std::string(*target.module);
  }
  if (!PyModule_Check(object)) return {};
  PyObject* const name =
      PyDict_GetItemString(PyModule_GetDict(object), "__name__");  // borrowed
  const std::string text =
      name == nullptr ? std::string() : TextOf(name, kMaxNameBytes);
  return text.empty() ? "?" : text;
}

Failure ModuleIsNotChanged(std::string_view module, std::string_view name) {
  return {
      StatusCode::kPermissionDenied,
      "ATTRIBUTE_DENIED",
      Concat({"the attribute '", name, "' of module '", module,
              "' can't be set or deleted from outside: modules are shared by "
              "everything in their worker. Change an object of the session, or "
              "call a function of the module that does it"}),
      {{"module", std::string(module)}, {"attribute", std::string(name)}}};
}

// Empty: not UTF-8.
PyRef DecodeName(std::string_view name) {
  PyRef text = PyRef::Steal(PyUnicode_DecodeUTF8(
      name.data(), static_cast<Py_ssize_t>(name.size()), nullptr));
  if (!text) PyErr_Clear();
  return text;
}

}  // namespace

Executor::Outcome Executor::SetAttr(std::string_view payload, ByteWriter& out) {
  AttributeRequestView view;
  if (Outcome failure = ParseSetAttrRequest(payload, view)) return failure;
  return ChangeAttr(view, out);
}

Executor::Outcome Executor::DelAttr(std::string_view payload, ByteWriter& out) {
  AttributeRequestView view;
  if (Outcome failure = ParseDelAttrRequest(payload, view)) return failure;
  view.value.reset();
  return ChangeAttr(view, out);
}

Executor::Outcome Executor::ChangeAttr(const AttributeRequestView& view,
                                       ByteWriter& out) {
  const PyRef name = DecodeName(view.name);
  if (!name) return InvalidRequest("name", "not UTF-8");
  CodecError error;
  const PyRef object = resolver_.Resolve(view.target, error);
  if (IsForkedChild()) EndForkedChild();
  if (!object) return Refuse(error, out);
  const std::string module = ModuleName(object.get(), view.target);
  if (!module.empty()) return ModuleIsNotChanged(module, view.name);
  PyRef value;
  if (view.value) {
    value = PyRef::Steal(decoder_.Decode(*view.value, error));
    if (!value) {
      error.PrependField("value");
      return Refuse(error, out);
    }
  }
  // Without a value it is deleted.
  const int done = PyObject_SetAttr(object.get(), name.get(), value.get());
  if (IsForkedChild()) EndForkedChild();
  if (done != 0) {
    error.Python();
    return Refuse(error, out);
  }
  return WriteResult(Py_None, Want::kNone, out);
}

Executor::Outcome Executor::Describe(std::string_view payload,
                                     ByteWriter& out) {
  DescribeRequestView view;
  if (Outcome failure = ParseDescribeRequest(payload, view)) return failure;
  CodecError error;
  const PyRef object = resolver_.Resolve(view.target, error);
  std::string_view type;
  if (object) type = types_.InfoOf(object.get(), session_);
  bool done = object && !type.empty();
  if (done) {
    done = describer_.Write(out, schema::describe_response::kDescription,
                            object.get(), type, view.repr);
  }
  if (IsForkedChild()) EndForkedChild();
  if (!done) {
    out.Clear();
    if (object) error.Python();
    return Refuse(error, out);
  }
  return WriteResult(Py_None, Want::kNone, out);
}

}  // namespace envknit
