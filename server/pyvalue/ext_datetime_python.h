#ifndef ENVKNIT_SERVER_PYVALUE_EXT_DATETIME_PYTHON_H_
#define ENVKNIT_SERVER_PYVALUE_EXT_DATETIME_PYTHON_H_

#include <Python.h>

#include <string>

#include "server/pyvalue/ext_registry.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// The types of the module datetime where it is the one written in Python: in
// interpreters of CPython 3.12 that are not the main one, _datetime doesn't
// load.

// Fields of a date or time: its text, and as far as needed zone and fold.
PyRef IsoFields(const std::string& text, PyObject* zone, bool fold);

// As TakeDatetime, by what is in the slots of the objects.
ExtParts TakePythonDatetime(PyObject* object);

// Calls the class `name` of the module, which is loaded. New reference; nullptr
// with a Python exception, also if `args` is empty.
PyObject* CallPythonDatetime(const char* name, PyRef args, bool fold = false);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_EXT_DATETIME_PYTHON_H_
