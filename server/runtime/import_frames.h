#ifndef ENVKNIT_SERVER_RUNTIME_IMPORT_FRAMES_H_
#define ENVKNIT_SERVER_RUNTIME_IMPORT_FRAMES_H_

#include <Python.h>

namespace envknit {

// Whether the import system runs in `frame` or below it, whatever is being
// imported, in Python or in C: an interrupt there may leave half a module
// behind. Anything but a frame is none. Needs the GIL.
bool IsImporting(PyObject* frame);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_IMPORT_FRAMES_H_
