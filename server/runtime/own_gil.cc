#include "server/runtime/own_gil.h"

#include <mutex>
#include <string>

namespace envknit {
namespace {

// Making two at the same time races for the state of static types in 3.12.
std::mutex making;

Result<PyThreadState*> Make() {
  PyInterpreterConfig config = {};
  config.use_main_obmalloc = 0;
  config.allow_fork = 0;
  config.allow_exec = 0;
  config.allow_threads = 1;
  config.allow_daemon_threads = 0;
  config.check_multi_interp_extensions = 1;
  config.gil = PyInterpreterConfig_OWN_GIL;
  PyThreadState* made = nullptr;
  const PyStatus status = Py_NewInterpreterFromConfig(&made, &config);
  if (PyStatus_Exception(status) != 0 || made == nullptr) {
    const char* const what = status.err_msg;
    return Error{StatusCode::kResourceExhausted,
                 what == nullptr ? "no interpreter can be made" : what};
  }
  return made;
}

}  // namespace

Result<PyThreadState*> EnterNewInterpreter() {
  const std::lock_guard<std::mutex> lock(making);
  // Making one takes a place in the main interpreter, for as long as it lasts.
  PyThreadState* const from = PyThreadState_New(PyInterpreterState_Main());
  PyEval_RestoreThread(from);
  Result<PyThreadState*> made = Make();
  if (made.ok()) {
    PyEval_SaveThread();
    PyEval_RestoreThread(from);
  }
  PyThreadState_Clear(from);
  PyThreadState_DeleteCurrent();
  if (made.ok()) PyEval_RestoreThread(*made);
  return made;
}

void AbandonInterpreter(PyThreadState* self) {
  PyThreadState_Clear(self);
  PyThreadState_DeleteCurrent();
}

bool HasOtherThreads(PyThreadState* self) {
  PyThreadState* state =
      PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(self));
  for (; state != nullptr; state = PyThreadState_Next(state)) {
    if (state != self) return true;
  }
  return false;
}

}  // namespace envknit
