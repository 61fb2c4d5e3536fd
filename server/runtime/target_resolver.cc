#include "server/runtime/target_resolver.h"

#include <utility>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/handle_message.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/type_description.h"
#include "server/runtime/type_names.h"

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

// The full name of the submodule that `name` may be of `package`; empty if that
// is no package, or the name is none for a submodule to be asked by.
std::string SubmoduleName(PyObject* package, std::string_view name) {
  constexpr std::size_t kMaxNameBytes = 4096;
  if (!PyModule_Check(package) || name.substr(0, 2) == "__") return {};
  PyObject* const dict = PyModule_GetDict(package);
  PyObject* const own = PyDict_GetItemString(dict, "__name__");  // borrowed
  if (own == nullptr || PyDict_GetItemString(dict, "__path__") == nullptr) {
    return {};
  }
  const std::string full = TextOf(own, kMaxNameBytes);
  return full.empty() ? full : Concat({full, ".", name});
}

// Whether `raised` says that just this module does not exist, and not that
// importing it failed somewhere inside.
bool IsMissing(PyObject* raised, const std::string& module) {
  if (PyErr_GivenExceptionMatches(raised, PyExc_ModuleNotFoundError) == 0) {
    return false;
  }
  const PyRef name = PyRef::Steal(PyObject_GetAttrString(raised, "name"));
  PyErr_Clear();
  return name && TextOf(name.get(), module.size() + 1) == module;
}

// What is done with the object of a target's handle; `bare`, if the target is
// the object itself. Whoever asks for such a method will call it.
HandleUse UseOfRoot(const TargetView& target, HandleUse bare) {
  std::string_view name;
  if (!target.path.empty()) {
    name = target.path.substr(0, target.path.find('.'));
  } else if (target.steps.empty()) {
    return bare;
  } else if (target.steps[0].is_attr) {
    name = target.steps[0].bytes;
  }
  if (name == "__iter__" || name == "__aiter__") return HandleUse::kBegin;
  for (const std::string_view running :
       {"__next__", "next", "send", "throw", "__anext__", "asend", "athrow"}) {
    if (name == running) return HandleUse::kRun;
  }
  return HandleUse::kRead;
}

}  // namespace

PyRef TargetResolver::GetAttrOrSubmodule(const PyRef& object,
                                         std::string_view name,
                                         CodecError& error) {
  PyRef found = GetAttr(object, name, error);
  if (found || error.kind != CodecError::Kind::kPython ||
      PyErr_ExceptionMatches(PyExc_AttributeError) == 0) {
    return found;
  }
  const std::string submodule = SubmoduleName(object.get(), name);
  if (submodule.empty()) return {};
  PyRef missing = TakeRaisedException();
  CodecError import_error;
  found = ImportModule(submodule, import_error);
  if (found) {
    error = {};
    return found;
  }
  if (import_error.kind == CodecError::Kind::kPython) {
    PyRef raised = TakeRaisedException();
    if (raised && !IsMissing(raised.get(), submodule)) {
      missing = std::move(raised);
    }
  }
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(missing.get())),
                  missing.get());
  return {};
}

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

PyRef TargetResolver::ResolveRoot(const TargetView& target, HandleUse use,
                                  CodecError& error) {
  if (target.module) {
    PyRef module = ImportModule(*target.module, error);
    if (!module) error.PrependField("target.module");
    return module;
  }
  HandleFields handle;
  PyRef object;
  if (ReadHandle(*target.handle, handle, error)) {
    object = PyRef::Steal(handles_.DecodeFor(use, handle, error));
  }
  if (!object) error.PrependField("target.handle");
  return object;
}

PyRef TargetResolver::Resolve(const TargetView& target, CodecError& error,
                              HandleUse use) {
  if (HasEmptyName(target.path)) {
    error.Malformed("a path with an empty name");
    error.PrependField("target.path");
    return {};
  }
  PyRef object = ResolveRoot(target, UseOfRoot(target, use), error);
  std::string_view rest = target.path;
  bool more = !rest.empty();
  while (object && more) {
    const std::size_t dot = rest.find('.');
    more = dot != std::string_view::npos;
    const std::string_view name = rest.substr(0, dot);
    object = GetAttrOrSubmodule(object, name, error);
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
