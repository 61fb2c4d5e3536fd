#include "server/runtime/code_runner.h"

#include "server/pyvalue/concat.h"
#include "server/runtime/python_source.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxReasonBytes = 4096;

// Puts a module into sys.modules as __main__ and gives the name back to what
// was there before, unless somebody else took it.
class MainModule final {
 public:
  explicit MainModule(PyObject* module)
      : modules_(PyRef::Borrow(PyImport_GetModuleDict())),
        module_(PyRef::Borrow(module)),
        before_(PyRef::Borrow(PyDict_GetItemString(modules_.get(), kName))) {
    entered_ = PyDict_SetItemString(modules_.get(), kName, module) == 0;
  }
  MainModule(const MainModule&) = delete;
  MainModule& operator=(const MainModule&) = delete;

  // False: a Python exception is set.
  bool entered() const { return entered_; }

  // With the result of the code at hand, or its exception set.
  void Leave() {
    if (PyDict_GetItemString(modules_.get(), kName) != module_.get() ||
        !before_) {
      return;
    }
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyDict_SetItemString(modules_.get(), kName, before_.get()) != 0) {
      PyErr_Clear();
    }
    PyErr_Restore(type, value, traceback);
  }

 private:
  static constexpr const char* kName = "__main__";

  const PyRef modules_;
  const PyRef module_;
  const PyRef before_;
  bool entered_ = false;
};

}  // namespace

bool CodeRunner::Load(PyRef& function, const char* file,
                      const char* name) const {
  if (function) return true;
  const PyRef names = RunPythonSource(runtime_dir_, file);
  if (!names) return false;
  function = PyRef::Borrow(PyDict_GetItemString(names.get(), name));
  if (function) return true;
  PyErr_Format(PyExc_RuntimeError, "%s and the runtime do not fit together",
               file);
  return false;
}

PyRef CodeRunner::Compile(std::string_view code, CodecError& error) {
  const PyRef text = PyRef::Steal(PyUnicode_DecodeUTF8(
      code.data(), static_cast<Py_ssize_t>(code.size()), nullptr));
  if (!text) {
    if (PyErr_ExceptionMatches(PyExc_UnicodeDecodeError) == 0) {
      error.Python();
      return {};
    }
    PyErr_Clear();
    error.Malformed("not UTF-8");
    return {};
  }
  error.Python();
  if (code.find('\0') != std::string_view::npos) {
    PyErr_SetString(PyExc_SyntaxError,
                    "source code string cannot contain null bytes");
    return {};
  }
  if (!Load(add_source_, "code_sources.py", "add")) return {};
  const PyRef name =
      PyRef::Steal(PyObject_CallOneArg(add_source_.get(), text.get()));
  if (!name) return {};
  PyCompilerFlags flags = {PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE,
                           PY_MINOR_VERSION};
  // It ends with a null: a str keeps one behind its UTF-8.
  return PyRef::Steal(Py_CompileStringObject(
      PyUnicode_AsUTF8(text.get()), name.get(), Py_file_input, &flags, -1));
}

PyRef CodeRunner::Run(std::string_view code, CodecError& error) {
  const PyRef compiled = Compile(code, error);
  if (!compiled) return {};
  error.Python();
  const PyRef module = PyRef::Steal(PyModule_New("__main__"));
  if (!module || PyModule_AddObjectRef(module.get(), "__builtins__",
                                       PyEval_GetBuiltins()) != 0) {
    return {};
  }
  const PyRef names = PyRef::Borrow(PyModule_GetDict(module.get()));
  MainModule main(module.get());
  if (!main.entered()) return {};
  const PyRef done =
      PyRef::Steal(PyEval_EvalCode(compiled.get(), names.get(), names.get()));
  main.Leave();
  if (!done) return {};
  PyRef result = PyRef::Borrow(PyDict_GetItemString(names.get(), "result"));
  return result ? std::move(result) : PyRef::Steal(PyDict_New());
}

PyRef CodeRunner::ToJsonShape(PyObject* value, bool exact, CodecError& error) {
  error.Python();
  if (!Load(to_json_shape_, "json_shape.py", "to_json_shape")) return {};
  const PyRef answer = PyRef::Steal(
      PyObject_CallFunction(to_json_shape_.get(), "OIO", value, limits_.depth,
                            exact ? Py_True : Py_False));
  if (!answer || !PyTuple_CheckExact(answer.get())) return {};
  const auto part = [&](Py_ssize_t i) {
    return PyTuple_GET_ITEM(answer.get(), i);
  };
  switch (PyTuple_GET_SIZE(answer.get())) {
    case 1:
      error = {};
      return PyRef::Borrow(part(0));
    case 3: {
      const std::string why = TextOf(part(2), kMaxPathBytes);
      error.NotByValue(
          part(1),
          why.empty() ? Concat({TypeFullName(Py_TYPE(part(1))), " is not JSON"})
                      : why);
      error.path = TextOf(part(0), kMaxPathBytes);
      return {};
    }
    default:
      error.OverLimit("depth", Concat({"result: nested deeper than ",
                                       std::to_string(limits_.depth)}));
      return {};
  }
}

std::string CodeRunner::IncompatibilityOf(PyObject* exception) {
  PyRef answer;
  if (Load(incompatibility_, "import_verdict.py", "incompatibility")) {
    answer =
        PyRef::Steal(PyObject_CallOneArg(incompatibility_.get(), exception));
  }
  PyErr_Clear();
  return answer ? TextOf(answer.get(), kMaxReasonBytes) : std::string();
}

}  // namespace envknit
