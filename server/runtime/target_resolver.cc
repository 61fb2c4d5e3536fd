#include "server/runtime/target_resolver.h"

#include <utility>

#include "server/pyvalue/handle_message.h"
#include "server/runtime/type_description.h"

namespace envknit {
namespace {

// Of names joined by dots. No names at all are fine.
bool HasEmptyName(std::string_view path) {
  return !path.empty() && (path.front() == '.' || path.back() == '.' ||
                           path.find("..") != std::string_view::npos);
}

// What `object` does when the operator `name` is applied to it: looked up on
// its type and bound, as Python does. Empty without an exception: not there.
// It matters for classes, whose own attributes of that name are their
// instances' methods.
PyRef OperatorOfClass(PyObject* object, PyObject* name) {
  PyTypeObject* const metaclass = Py_TYPE(object);
  PyObject* const found = _PyType_Lookup(metaclass, name);  // borrowed
  if (found == nullptr) return {};
  const descrgetfunc get = Py_TYPE(found)->tp_descr_get;
  if (get == nullptr) return PyRef::Borrow(found);
  const PyRef held = PyRef::Borrow(found);
  return PyRef::Steal(
      get(found, object, reinterpret_cast<PyObject*>(metaclass)));
}

}  // namespace

PyRef TargetResolver::GetAttr(const PyRef& object, std::string_view name,
                              CodecError& error) {
  const PyRef key = PyRef::Steal(names_.Get(name));
  if (!key) {
    PyErr_Clear();
    error.Malformed("a name that is not UTF-8");
    return {};
  }
  PyRef found;
  if (PyType_Check(object.get()) && IsOperatorName(name)) {
    found = OperatorOfClass(object.get(), key.get());
  }
  if (!found && PyErr_Occurred() == nullptr) {
    found = PyRef::Steal(PyObject_GetAttr(object.get(), key.get()));
  }
  if (!found) error.Python();
  return found;
}

PyRef TargetResolver::ImportModule(std::string_view name, CodecError& error) {
  if (name.empty() || HasEmptyName(name) ||
      name.find('\0') != std::string_view::npos) {
    error.Malformed("not a module name");
    return {};
  }
  const PyRef key = PyRef::Steal(names_.Get(name));
  if (!key) {
    PyErr_Clear();
    error.Malformed("a name that is not UTF-8");
    return {};
  }
  PyObject* const modules = PyImport_GetModuleDict();
  if (PyDict_CheckExact(modules)) {
    PyObject* const loaded = PyDict_GetItemWithError(modules, key.get());
    if (loaded != nullptr && loaded != Py_None) return PyRef::Borrow(loaded);
    PyErr_Clear();
  }
  page_.SetImporting(true);
  PyRef module = PyRef::Steal(PyImport_Import(key.get()));
  if (!module) error.Python();
  page_.SetImporting(false);
  return module;
}

PyRef TargetResolver::ResolveRoot(const TargetView& target, CodecError& error) {
  if (target.module) {
    PyRef module = ImportModule(*target.module, error);
    if (!module) error.PrependField("target.module");
    return module;
  }
  HandleFields handle;
  PyRef object;
  if (ReadHandle(*target.handle, handle, error)) {
    object = PyRef::Steal(handles_.Decode(handle, error));
  }
  if (!object) error.PrependField("target.handle");
  return object;
}

PyRef TargetResolver::Resolve(const TargetView& target, CodecError& error) {
  if (HasEmptyName(target.path)) {
    error.Malformed("a path with an empty name");
    error.PrependField("target.path");
    return {};
  }
  PyRef object = ResolveRoot(target, error);
  std::string_view rest = target.path;
  bool more = !rest.empty();
  while (object && more) {
    const std::size_t dot = rest.find('.');
    more = dot != std::string_view::npos;
    const std::string_view name = rest.substr(0, dot);
    object = GetAttr(object, name, error);
    if (more) rest.remove_prefix(dot + 1);
  }
  for (std::size_t i = 0; object && i < target.steps.size(); ++i) {
    const TargetView::Step& step = target.steps[i];
    if (step.is_attr) {
      object = GetAttr(object, step.bytes, error);
    } else {
      const PyRef item = PyRef::Steal(values_.Decode(step.bytes, error));
      if (item) {
        object = PyRef::Steal(PyObject_GetItem(object.get(), item.get()));
        if (!object) error.Python();
      } else {
        object = {};
      }
    }
    if (!object) error.PrependField("target.steps", i);
  }
  return object;
}

}  // namespace envknit
