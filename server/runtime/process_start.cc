#include "server/runtime/process_start.h"

#include <Python.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <utility>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/handshake.h"
#include "server/runtime/interpreter_setup.h"
#include "server/runtime/process_end.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxTextBytes = 1024;

void CloseOnExec(int fd) {
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    FailProcess("a descriptor is missing");
  }
}

}  // namespace

void FailProcess(std::string_view what) {
  ::fprintf(stderr, "envknit worker: %.*s\n", static_cast<int>(what.size()),
            what.data());
  ::_exit(1);
}

Failure StartFailure(const std::string& what) {
  return {StatusCode::kFailedPrecondition,
          "RUNTIME_NOT_AVAILABLE",
          what,
          {{"python", PythonVersion()}}};
}

void FailStart(int control_fd, const std::string& what) {
  const Result<void> sent = SendStartFailed(control_fd, StartFailure(what));
  static_cast<void>(sent);
  FailProcess(what);
}

std::string RaisedText() {
  const PyRef raised = TakeRaisedException();
  if (!raised) return "unknown error";
  const PyRef text = PyRef::Steal(PyObject_Str(raised.get()));
  const std::string type = NamesOf(Py_TYPE(raised.get())).qualname;
  PyErr_Clear();
  return text ? Concat({type, ": ", TextOf(text.get(), kMaxTextBytes)}) : type;
}

WorkerSettings BeginProcess(int control_fd, std::initializer_list<int> others,
                            FrameReader& reader,
                            const std::string& runtime_dir) {
  if (!EndWithDaemon()) FailProcess("the daemon's death can't be heard");
  CloseOnExec(control_fd);
  for (const int fd : others) CloseOnExec(fd);
  Result<WorkerSettings> settings =
      ExchangeHello(control_fd, reader, PythonVersion(), PythonSoabi());
  if (!settings.ok()) FailProcess(settings.error().message);
  if (settings->runtime_dir.empty()) settings->runtime_dir = runtime_dir;
  return std::move(*settings);
}

}  // namespace envknit
