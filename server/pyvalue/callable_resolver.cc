#include <string>
#include <string_view>

#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/callable_reference.h"
#include "server/pyvalue/concat.h"
#include "server/pyvalue/loaded_module.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_schema.h"

// The receiving side of callable references.
namespace envknit {
namespace {

constexpr std::size_t kMaxNameBytes = 255;

// Names joined by dots.
bool IsDottedName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && text.front() != '.' &&
         text.back() != '.' && text.find("..") == std::string_view::npos &&
         text.find('\0') == std::string_view::npos;
}

PyRef Refuse(CodecError& error, std::string text) {
  error.Malformed(std::move(text));
  return {};
}

// Turns an exception that says "not there" into `text`; others stay.
PyRef NotThere(PyObject* expected, CodecError& error, std::string text) {
  if (PyErr_ExceptionMatches(expected) == 0 &&
      PyErr_ExceptionMatches(PyExc_UnicodeError) == 0) {
    error.Python();
    return {};
  }
  PyErr_Clear();
  return Refuse(error, std::move(text));
}

PyRef Walk(PyRef object, std::string_view module, std::string_view path,
           CodecError& error) {
  std::string_view rest = path;
  while (!rest.empty()) {
    if (!PyModule_Check(object.get()) && !PyType_Check(object.get())) {
      constexpr std::string_view kWhy =
          "' goes through something that is neither a module nor a class";
      return Refuse(
          error, Concat({"'", Printable(module), ".", Printable(path), kWhy}));
    }
    const std::string name(rest.substr(0, rest.find('.')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    object = PyRef::Steal(PyObject_GetAttrString(object.get(), name.c_str()));
    if (!object) {
      return NotThere(PyExc_AttributeError, error,
                      Concat({"this Python's '", Printable(module),
                              "' has no '", Printable(path), "'"}));
    }
  }
  return object;
}

}  // namespace

PyObject* ResolveCallable(std::string_view bytes, CodecError& error) {
  std::string_view module;
  std::string_view path;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    const bool delimited =
        reader.wire_type() == protozero::pbf_wire_type::length_delimited;
    const uint32_t tag = reader.tag();
    if (!delimited ||
        (tag != schema::callable::kModule && tag != schema::callable::kPath)) {
      reader.skip();
      continue;
    }
    const protozero::data_view view = reader.get_view();
    (tag == schema::callable::kModule ? module : path) = {view.data(),
                                                          view.size()};
  }
  if (!IsDottedName(module) || !IsDottedName(path)) {
    error.Malformed(
        "a callable reference needs a module and a path, names "
        "joined by dots");
    return nullptr;
  }
  if (!IsStandardModule(module)) {
    error.Malformed(Concat({"'", Printable(module),
                            "' is not a module of the standard library: name "
                            "the callable by a handle"}));
    return nullptr;
  }
  PyRef object =
      PyRef::Steal(PyImport_ImportModule(std::string(module).c_str()));
  if (object) {
    object = Walk(std::move(object), module, path, error);
  } else {
    object = NotThere(
        PyExc_ImportError, error,
        Concat({"this Python can't import '", Printable(module), "'"}));
  }
  if (object && PyCallable_Check(object.get()) == 0) {
    object = Refuse(error, Concat({"'", Printable(module), ".", Printable(path),
                                   "' is not callable"}));
  }
  return object.release();
}

}  // namespace envknit
