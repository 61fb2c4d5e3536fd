#ifndef ENVKNIT_SERVER_RUNTIME_MODULE_DESCRIPTION_H_
#define ENVKNIT_SERVER_RUNTIME_MODULE_DESCRIPTION_H_

#include <Python.h>

#include <cstdint>

#include "server/pyvalue/byte_writer.h"

namespace envknit {

// Appends `field`, the message ModuleDescription of an imported module: its
// public names with their kinds, and those of its loaded public submodules, two
// levels deep. Looks into the modules' dicts only: neither a module's
// __getattr__ nor a property runs. `requested` is the name it was imported by.
void WriteModuleDescription(ByteWriter& out, uint32_t field, PyObject* module,
                            PyObject* requested);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_MODULE_DESCRIPTION_H_
