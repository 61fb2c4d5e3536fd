#ifndef ENVKNIT_SERVER_PYVALUE_TENSOR_SOURCE_H_
#define ENVKNIT_SERVER_PYVALUE_TENSOR_SOURCE_H_

#include <Python.h>

#include <string>

#include "server/pyvalue/python_ref.h"

namespace envknit {

// Whose elements go as a tensor.
enum class TensorSource {
  kNone,
  // Exactly a numpy.ndarray, memoryview or array.array: wherever arrays go by
  // value.
  kArray,
  // A numpy scalar: an array of no dimensions.
  kScalar,
  // Any other buffer exporter: as an argument only, since what it exports may
  // not be all there is to it.
  kExporter,
  // A subclass whose elements alone would lose what makes it one (a masked
  // array's mask, a quantity's unit).
  kSubclass,
};

// Runs no user code.
TensorSource TensorSourceOf(PyObject* object);

// Whether the object has a buffer that can be looked at without user code:
// since CPython 3.12 a class may give one out by a method, which is no buffer
// here.
bool HasBuffer(PyObject* object);

// Whether the type is numpy.ndarray or derived from it.
bool IsNumpyArrayType(PyTypeObject* type);

// The array of no dimensions that a numpy scalar stands for; empty with an
// exception if numpy makes none.
PyRef ArrayOfScalar(PyObject* scalar);

// Why an object of kind kSubclass is refused, and what would do.
std::string SubclassText(PyObject* object);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_TENSOR_SOURCE_H_
