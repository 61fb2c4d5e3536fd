#include "server/runtime/fork_guard.h"

#include <Python.h>

#include <pthread.h>
#include <unistd.h>

#include "server/pyvalue/python_ref.h"
#include "server/runtime/output_streams.h"
#include "server/runtime/raised_exception.h"

namespace envknit {
namespace {

// pthread_atfork takes no argument.
std::array<int, 3> guarded_fds = {-1, -1, -1};
bool forked_child = false;

void InChild() {
  forked_child = true;
  for (const int fd : guarded_fds) ::close(fd);
}

// As sys.exit() documents it.
int ExitStatus(PyObject* exception) {
  const PyRef code = PyRef::Steal(PyObject_GetAttrString(exception, "code"));
  if (!code || code.get() == Py_None) {
    PyErr_Clear();
    return 0;
  }
  if (PyLong_Check(code.get())) {
    return static_cast<int>(PyLong_AsLongLong(code.get()) & 0xff);
  }
  PySys_FormatStderr("%S\n", code.get());
  return 1;
}

}  // namespace

bool GuardForks(const std::array<int, 3>& fds) {
  guarded_fds = fds;
  return pthread_atfork(nullptr, nullptr, &InChild) == 0;
}

bool IsForkedChild() { return forked_child; }

void EndForkedChild() {
  int status = 0;
  if (PyErr_Occurred() != nullptr) {
    status = 1;
    if (PyErr_ExceptionMatches(PyExc_SystemExit)) {
      const PyRef raised = TakeRaisedException();
      status = ExitStatus(raised.get());
    } else {
      PyErr_WriteUnraisable(nullptr);
    }
  }
  FlushOutput();
  ::_exit(status);
}

}  // namespace envknit
