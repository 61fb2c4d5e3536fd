#ifndef ENVKNIT_SERVER_RUNTIME_PYTHON_SOURCE_H_
#define ENVKNIT_SERVER_RUNTIME_PYTHON_SOURCE_H_

#include <string>
#include <string_view>

#include "server/pyvalue/python_ref.h"

namespace envknit {

// Runs a .py file of the runtime's own directory, which is never on sys.path,
// and returns its global names (a dict). Empty: a Python exception is set.
PyRef RunPythonSource(const std::string& directory, std::string_view name);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_PYTHON_SOURCE_H_
