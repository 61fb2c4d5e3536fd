#include "tests/fuzz/embedded_python.h"

#include <Python.h>

#include "tests/fuzz/fuzz_check.h"

namespace envknit {

void StartPython() {
  PyPreConfig before;
  PyPreConfig_InitIsolatedConfig(&before);
  before.allocator = PYMEM_ALLOCATOR_MALLOC;
  before.utf8_mode = 1;
  FuzzCheck(PyStatus_Exception(Py_PreInitialize(&before)) == 0,
            "Python's memory can be set up");
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.site_import = 0;
  config.install_signal_handlers = 0;
  // The library finds its modules without the executable it belongs to.
  PyConfig_SetBytesString(&config, &config.home, ENVKNIT_PYTHON_HOME);
  const PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  FuzzCheck(PyStatus_Exception(status) == 0, "Python starts");
}

}  // namespace envknit
