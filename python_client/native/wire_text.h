// Strings of messages as Python's.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_TEXT_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_TEXT_H_

#include <pybind11/pybind11.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>

namespace envknit::native {

// A str; bytes that are no UTF-8 are replaced: these texts are for people.
inline pybind11::str Text(protozero::pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  PyObject* text = PyUnicode_DecodeUTF8(
      view.data(), static_cast<Py_ssize_t>(view.size()), "replace");
  if (text == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::str>(text);
}

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_TEXT_H_
