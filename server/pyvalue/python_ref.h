#ifndef ENVKNIT_SERVER_PYVALUE_PYTHON_REF_H_
#define ENVKNIT_SERVER_PYVALUE_PYTHON_REF_H_

#include <Python.h>

#include <utility>

namespace envknit {

// One owned reference to a Python object, or none. It exists because this code
// is called once per element, where pybind11's handles cost an indirection and
// throw. Every method needs the GIL. Move-only.
class PyRef final {
 public:
  PyRef() = default;
  // Takes over a new reference, as most of the C API returns it.
  static PyRef Steal(PyObject* object) { return PyRef(object); }
  static PyRef Borrow(PyObject* object) {
    Py_XINCREF(object);
    return PyRef(object);
  }

  PyRef(PyRef&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef&& other) noexcept {
    PyObject* old =
        std::exchange(object_, std::exchange(other.object_, nullptr));
    Py_XDECREF(old);
    return *this;
  }
  PyRef(const PyRef&) = delete;
  PyRef& operator=(const PyRef&) = delete;
  ~PyRef() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit PyRef(PyObject* object) : object_(object) {}

  PyObject* object_ = nullptr;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_PYTHON_REF_H_
