#include "server/runtime/host.h"

#include <Python.h>

#include <utility>

#include "server/frame/frame_reader.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/interpreter_setup.h"
#include "server/runtime/process_start.h"

#if PY_VERSION_HEX >= 0x030C0000
#include "server/runtime/end_marks.h"
#include "server/runtime/interpreter_host.h"
#endif

namespace envknit {
namespace {

#if PY_VERSION_HEX >= 0x030C0000
[[noreturn]] void Serve(const HostArguments& arguments, FrameReader& reader,
                        WorkerSettings settings) {
  if (!RegisterStackDump()) FailStart(arguments.control_fd, RaisedText());
  if (!InstallEndMarks()) {
    FailStart(arguments.control_fd, "signals can't be handled");
  }
  InterpreterHost host(arguments.control_fd, arguments.descriptor_fd, reader,
                       std::move(settings));
  // Never to be taken again: the main interpreter runs nothing.
  PyEval_SaveThread();
  host.Serve();
}
#else
[[noreturn]] void Serve(const HostArguments& arguments, FrameReader& /*reader*/,
                        const WorkerSettings& /*settings*/) {
  FailStart(arguments.control_fd,
            "interpreters with a GIL of their own need Python 3.12 or newer");
}
#endif

}  // namespace

void RunHost(const HostArguments& arguments) {
  FrameReader reader(kDefaultMaxPayloadBytes);
  WorkerSettings settings =
      BeginProcess(arguments.control_fd, {arguments.descriptor_fd}, reader,
                   arguments.runtime_dir);
  if (!GuardForks({arguments.descriptor_fd, arguments.control_fd, -1})) {
    FailStart(arguments.control_fd, "fork() can't be guarded");
  }
  Serve(arguments, reader, std::move(settings));
}

}  // namespace envknit
