#include <string>
#include <string_view>
#include <vector>

#include "server/pyvalue/callable_reference.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/loaded_module.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_schema.h"

// The sending side of callable references: an object's name.
namespace envknit {
namespace {

std::string TextOr(PyObject* text, std::string_view otherwise) {
  if (text != nullptr && PyUnicode_Check(text)) {
    const char* const utf8 = PyUnicode_AsUTF8(text);
    if (utf8 != nullptr) return utf8;
    PyErr_Clear();
  }
  return std::string(otherwise);
}

CallableName NameOfType(PyTypeObject* type) {
  if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0) {
    const std::string_view full = type->tp_name;
    const std::size_t dot = full.rfind('.');
    if (dot == std::string_view::npos) return {"builtins", std::string(full)};
    return {std::string(full.substr(0, dot)),
            std::string(full.substr(dot + 1))};
  }
  PyObject* const module =
      PyDict_GetItemString(type->tp_dict, "__module__");  // borrowed
  return {TextOr(module, ""),
          TextOr(reinterpret_cast<PyHeapTypeObject*>(type)->ht_qualname, "")};
}

// A method is named after its class; one bound to an object may stand in the
// module of that object's type (random.randint is one).
CallableName NameOfMethod(PyObject* self, std::string_view name) {
  if (PyType_Check(self)) {
    CallableName owner = NameOfType(reinterpret_cast<PyTypeObject*>(self));
    owner.path = Concat({owner.path, ".", name});
    return owner;
  }
  return {NameOfType(Py_TYPE(self)).module, std::string(name)};
}

// What the object calls itself; an empty module if it is of no kind that has a
// name.
CallableName OwnName(PyObject* object) {
  if (PyType_Check(object)) {
    return NameOfType(reinterpret_cast<PyTypeObject*>(object));
  }
  if (PyCFunction_Check(object)) {
    const auto* const function = reinterpret_cast<PyCFunctionObject*>(object);
    const char* const name = function->m_ml->ml_name;
    PyObject* const self = function->m_self;
    if (self == nullptr || PyModule_Check(self)) {
      return {TextOr(function->m_module, ""), name};
    }
    return NameOfMethod(self, name);
  }
  if (PyMethod_Check(object)) {
    PyObject* const function = PyMethod_GET_FUNCTION(object);
    if (!PyFunction_Check(function)) return {};
    const std::string name =
        TextOr(reinterpret_cast<PyFunctionObject*>(function)->func_name, "");
    return NameOfMethod(PyMethod_GET_SELF(object), name);
  }
  if (PyFunction_Check(object)) {
    const auto* const function = reinterpret_cast<PyFunctionObject*>(object);
    return {TextOr(function->func_module, ""),
            TextOr(function->func_qualname, "")};
  }
  if (Py_IS_TYPE(object, &PyMethodDescr_Type) ||
      Py_IS_TYPE(object, &PyWrapperDescr_Type)) {
    const auto* const descriptor = reinterpret_cast<PyDescrObject*>(object);
    return NameOfMethod(reinterpret_cast<PyObject*>(descriptor->d_type),
                        TextOr(descriptor->d_name, ""));
  }
  return {};
}

// Attribute access makes methods anew each time.
bool IsSame(PyObject* a, PyObject* b) {
  if (a == b) return true;
  if (PyCFunction_Check(a) && PyCFunction_Check(b)) {
    const auto* const left = reinterpret_cast<PyCFunctionObject*>(a);
    const auto* const right = reinterpret_cast<PyCFunctionObject*>(b);
    return left->m_ml == right->m_ml && left->m_self == right->m_self &&
           left->m_self != nullptr;
  }
  return PyMethod_Check(a) && PyMethod_Check(b) &&
         PyMethod_GET_FUNCTION(a) == PyMethod_GET_FUNCTION(b) &&
         PyMethod_GET_SELF(a) == PyMethod_GET_SELF(b);
}

// Whether the loaded module has just this object under that path.
bool Resolves(const std::string& module, std::string_view path,
              PyObject* object) {
  std::size_t dot = path.find('.');
  const std::string first(path.substr(0, dot));
  PyRef found =
      PyRef::Borrow(FindInLoadedModule(module.c_str(), first.c_str()));
  while (found && dot != std::string_view::npos) {
    if (!PyType_Check(found.get())) return false;
    path.remove_prefix(dot + 1);
    dot = path.find('.');
    const std::string name(path.substr(0, dot));
    found = PyRef::Steal(PyObject_GetAttrString(found.get(), name.c_str()));
  }
  if (!found) {
    PyErr_Clear();
    return false;
  }
  return IsSame(found.get(), object);
}

// Where else a module's things stand: private modules come and go with the
// version of Python, and the other end may have another.
std::vector<std::string> ModulesToTry(const std::string& module) {
  std::vector<std::string> names;
  if (module == "posix") names.emplace_back("os");
  const std::size_t hidden = module.find("._");
  if (hidden != std::string::npos) names.push_back(module.substr(0, hidden));
  if (!module.empty() && module.front() == '_') {
    names.push_back(module.substr(1));
  }
  names.push_back(module);
  return names;
}

}  // namespace

std::optional<CallableName> FindCallableName(PyObject* object) {
  CallableName own = OwnName(object);
  if (own.module.empty() || own.path.empty()) return std::nullopt;
  if (!IsStandardModule(own.module)) return std::nullopt;
  for (const std::string& module : ModulesToTry(own.module)) {
    if (IsStandardModule(module) && Resolves(module, own.path, object)) {
      return CallableName{module, std::move(own.path)};
    }
  }
  return std::nullopt;
}

std::string RefusedCallableText(PyObject* object) {
  CallableName name = OwnName(object);
  if (name.path.empty()) return {};
  if (PyMethod_Check(object) && !PyType_Check(PyMethod_GET_SELF(object))) {
    const CallableName owner = NameOfType(Py_TYPE(PyMethod_GET_SELF(object)));
    name.path = Concat({owner.path, ".", name.path});
  }
  constexpr std::string_view kAdvice =
      "' is not by value: code does not cross. Callables of builtins and the "
      "standard library do, by name, and so does what lives in the worker";
  return Concat({"the ", PyType_Check(object) ? "class" : "function", " '",
                 name.module, name.module.empty() ? "" : ".", name.path,
                 kAdvice});
}

void WriteCallable(ByteWriter& out, uint32_t field, const CallableName& name) {
  const std::size_t mark = out.Open(field);
  out.BytesField(schema::callable::kModule, name.module);
  out.BytesField(schema::callable::kPath, name.path);
  out.Close(mark);
}

}  // namespace envknit
