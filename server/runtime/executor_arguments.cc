#include <string_view>
#include <utility>

#include "server/pyvalue/json_value.h"
#include "server/runtime/executor.h"

// How Executor turns the arguments of a request into objects. `args` gets the
// positional ones and then the values of the keywords; `names`, the tuple of
// their names, stays empty without keywords.
namespace envknit {

bool Executor::DecodeArguments(std::vector<PyRef>& args, PyRef& names,
                               CodecError& error) {
  const auto decode = [&](std::string_view bytes) {
    args.push_back(PyRef::Steal(decoder_.Decode(bytes, error)));
    return static_cast<bool>(args.back());
  };
  for (std::size_t i = 0; i < request_.args.size(); ++i) {
    if (!decode(request_.args[i])) {
      error.PrependField("args", i);
      return false;
    }
  }
  if (request_.kwargs.empty()) return true;
  names = PyRef::Steal(
      PyTuple_New(static_cast<Py_ssize_t>(request_.kwargs.size())));
  if (!names) return error.Python();
  for (std::size_t i = 0; i < request_.kwargs.size(); ++i) {
    const auto& [name, value] = request_.kwargs[i];
    PyObject* const key = keywords_.Get(name);
    if (key == nullptr) {
      PyErr_Clear();
      error.Malformed("a name that is not UTF-8");
      error.PrependField("kwargs", i);
      return false;
    }
    PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i), key);
    if (!decode(value)) {
      error.PrependField("kwargs", i);
      return false;
    }
  }
  return true;
}

bool Executor::DecodeJsonArguments(std::vector<PyRef>& args, PyRef& names,
                                   CodecError& error) {
  if (request_.json_args) {
    const PyRef list =
        PyRef::Steal(DecodeJsonList(*request_.json_args, limits_, error));
    if (!list) {
      error.PrependField("json_args");
      return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
      args.push_back(PyRef::Borrow(PyList_GET_ITEM(list.get(), i)));
    }
  }
  if (!request_.json_kwargs) return true;
  const PyRef dict =
      PyRef::Steal(DecodeJsonStruct(*request_.json_kwargs, limits_, error));
  if (!dict) {
    error.PrependField("json_kwargs");
    return false;
  }
  constexpr Py_ssize_t kMaxKeywords = 255;
  if (PyDict_GET_SIZE(dict.get()) > kMaxKeywords) {
    return error.OverLimit("kwargs", "more than 255 keyword arguments");
  }
  if (PyDict_GET_SIZE(dict.get()) == 0) return true;
  names = PyRef::Steal(PyTuple_New(PyDict_GET_SIZE(dict.get())));
  if (!names) return error.Python();
  Py_ssize_t position = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t i = 0; PyDict_Next(dict.get(), &position, &key, &value) != 0;
       ++i) {
    Py_INCREF(key);
    PyTuple_SET_ITEM(names.get(), i, key);
    args.push_back(PyRef::Borrow(value));
  }
  return true;
}

}  // namespace envknit
