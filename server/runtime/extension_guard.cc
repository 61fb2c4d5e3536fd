#include "server/runtime/extension_guard.h"

#include <Python.h>

#include <dlfcn.h>

#include <mutex>
#include <string>
#include <unordered_map>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxReasonBytes = 1024;

// An init function may import other extension modules, so it is recursive.
std::recursive_mutex initializing;
// Place of a module → what its init function raised. Guarded by it.
std::unordered_map<std::string, std::string>& Failed() {
  static auto* const failed = new std::unordered_map<std::string, std::string>;
  return *failed;
}

// The GIL is given away while it waits: whoever initializes a module may be of
// the same interpreter.
std::unique_lock<std::recursive_mutex> Lock() {
  std::unique_lock<std::recursive_mutex> lock(initializing, std::try_to_lock);
  if (!lock.owns_lock()) {
    PyThreadState* const self = PyEval_SaveThread();
    lock.lock();
    PyEval_RestoreThread(self);
  }
  return lock;
}

std::string Attribute(PyObject* spec, const char* name) {
  const PyRef value = PyRef::Steal(PyObject_GetAttrString(spec, name));
  if (!value) PyErr_Clear();
  return value ? TextOf(value.get(), kMaxPathBytes) : std::string();
}

// A library that isn't there hasn't run anything.
bool IsLoaded(const std::string& path) {
  if (path.find('/') == std::string::npos) return true;
  void* const library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return false;
  ::dlclose(library);
  return true;
}

// Of the current exception, which stays set.
std::string Reason() {
  PyRef raised = TakeRaisedException();
  const PyRef text = PyRef::Steal(PyObject_Str(raised.get()));
  PyErr_Clear();
  std::string reason = NamesOf(Py_TYPE(raised.get())).qualname;
  if (text) reason += ": " + TextOf(text.get(), kMaxReasonBytes);
  PyErr_SetRaisedException(raised.release());
  return reason;
}

void RaiseRefused(const std::string& name, const std::string& path,
                  const std::string& reason) {
  const std::string same =
      Concat({"module ", name, " does not support loading in subinterpreters"});
  // CPython's own words need no repetition.
  const std::string why =
      reason.find(" in subinterpreters") != std::string::npos
          ? same
          : Concat({same, " (in another one of this process: ", reason, ")"});
  const PyRef text = PyRef::Steal(PyUnicode_FromString(why.c_str()));
  const PyRef name_text = PyRef::Steal(PyUnicode_FromString(name.c_str()));
  const PyRef path_text = PyRef::Steal(PyUnicode_FromString(path.c_str()));
  if (text && name_text && path_text) {
    PyErr_SetImportError(text.get(), name_text.get(), path_text.get());
  }
}

// In place of _imp.create_dynamic and _imp.create_builtin; `original` is what
// stood there.
PyObject* Create(PyObject* original, PyObject* args) {
  PyObject* const spec =
      PyTuple_GET_SIZE(args) == 0 ? Py_None : PyTuple_GET_ITEM(args, 0);
  const std::string name = Attribute(spec, "name");
  const std::string origin = Attribute(spec, "origin");
  const std::string place = Concat({origin, ":", name});
  const std::unique_lock<std::recursive_mutex> lock = Lock();
  const auto failed = Failed().find(place);
  if (failed != Failed().end()) {
    RaiseRefused(name, origin, failed->second);
    return nullptr;
  }
  PyObject* const made = PyObject_CallObject(original, args);
  if (made == nullptr && IsLoaded(origin)) Failed().emplace(place, Reason());
  return made;
}

PyMethodDef definitions[] = {
    {"create_dynamic", &Create, METH_VARARGS, "Create an extension module."},
    {"create_builtin", &Create, METH_VARARGS, "Create an extension module."}};

}  // namespace

bool GuardExtensions() {
  const PyRef module = PyRef::Steal(PyImport_ImportModule("_imp"));
  if (!module) return false;
  for (PyMethodDef& definition : definitions) {
    const PyRef original =
        PyRef::Steal(PyObject_GetAttrString(module.get(), definition.ml_name));
    if (!original) return false;
    const PyRef guarded =
        PyRef::Steal(PyCFunction_New(&definition, original.get()));
    if (!guarded || PyObject_SetAttrString(module.get(), definition.ml_name,
                                           guarded.get()) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace envknit
