#ifndef ENVKNIT_SERVER_RUNTIME_CODE_RUNNER_H_
#define ENVKNIT_SERVER_RUNTIME_CODE_RUNNER_H_

#include <Python.h>

#include <string>
#include <string_view>
#include <utility>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// Runs source text that a request brings, each in a namespace of its own, and
// looks at what imports say. The parts written in Python are loaded when they
// are needed. Owned by the executor; needs the GIL.
class CodeRunner final {
 public:
  // `runtime_dir` has code_sources.py, json_shape.py and import_verdict.py.
  CodeRunner(const ValueLimits& limits, std::string runtime_dir)
      : limits_(limits), runtime_dir_(std::move(runtime_dir)) {}
  CodeRunner(const CodeRunner&) = delete;
  CodeRunner& operator=(const CodeRunner&) = delete;

  // Compiles and runs `code` as the module __main__, which it is for as long as
  // it runs. Returns what it left in `result`, an empty dict if nothing. Empty:
  // kPython for what it raised (SyntaxError too), kMalformed if it isn't UTF-8.
  PyRef Run(std::string_view code, CodecError& error);

  // A copy of `value` as JSON has it: lists, dicts with str keys, scalars of
  // Python's own types. `exact` also refuses numbers that JSON numbers can't
  // hold. Empty: kNotByValue with a path such as result["a"][3], kOverLimit, or
  // kPython for what the methods of its containers raised.
  PyRef ToJsonShape(PyObject* value, bool exact, CodecError& error);

  // What `exception`, of an import, or what it was raised for says of an
  // extension module that can't load in a sub-interpreter; empty if nothing.
  // Leaves no Python exception set.
  std::string IncompatibilityOf(PyObject* exception);

 private:
  // The function `name` of the runtime's file, loaded once. False: an exception
  // is set.
  bool Load(PyRef& function, const char* file, const char* name) const;
  PyRef Compile(std::string_view code, CodecError& error);

  const ValueLimits limits_;
  const std::string runtime_dir_;
  PyRef add_source_;
  PyRef to_json_shape_;
  PyRef incompatibility_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CODE_RUNNER_H_
