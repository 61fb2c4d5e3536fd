#include "server/runtime/interpreter.h"

#include <Python.h>

#include <pthread.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>
#include <utility>

#include "server/pyvalue/python_ref.h"
#include "server/runtime/call_loop.h"
#include "server/runtime/end_marks.h"
#include "server/runtime/executor.h"
#include "server/runtime/exit_functions.h"
#include "server/runtime/extension_guard.h"
#include "server/runtime/interpreter_emptying.h"
#include "server/runtime/interpreter_setup.h"
#include "server/runtime/output_streams.h"
#include "server/runtime/own_gil.h"
#include "server/runtime/process_end.h"
#include "server/runtime/process_start.h"

namespace envknit {
namespace {

constexpr char kServe[] = "serve";
constexpr char kCapsuleName[] = "envknit.interpreter";
// What a main thread has by default: deep recursion is no worse here.
constexpr std::size_t kStackBytes = std::size_t{8} << 20;
// How long the control thread may take to say why the call channel ended.
constexpr std::chrono::seconds kEndGrace{1};
// How long threads of user code may take to notice that all is gone.
constexpr std::chrono::milliseconds kThreadGrace{200};
constexpr std::chrono::milliseconds kThreadPoll{5};

}  // namespace

Interpreter::Interpreter(InterpreterFiles files, StatusPageMapping page,
                         WorkerSettings settings, ControlSender& control,
                         std::function<void()> ended)
    : number_(files.interpreter),
      settings_(std::move(settings)),
      control_(control),
      ended_(std::move(ended)),
      files_(std::move(files)),
      page_(std::move(page)),
      tracker_([this] { interrupts_.Request(); }),
      interrupts_(tracker_, page_) {}

bool Interpreter::Start(const std::shared_ptr<Interpreter>& self) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  auto held = std::make_unique<std::shared_ptr<Interpreter>>(self);
  pthread_t thread;
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        const std::unique_ptr<std::shared_ptr<Interpreter>> interpreter(
            static_cast<std::shared_ptr<Interpreter>*>(argument));
        (*interpreter)->Run();
        return nullptr;
      },
      held.get());
  pthread_attr_destroy(&attributes);
  if (failed == 0) static_cast<void>(held.release());
  return failed == 0;
}

void Interpreter::Close() {
  const std::lock_guard<std::mutex> lock(mu_);
  tracker_.Stop();
  ::shutdown(files_.call_fd, SHUT_RD);
}

void Interpreter::Run() {
  EndMark mark(page_);
  const Result<PyThreadState*> made = EnterNewInterpreter();
  if (!made.ok()) {
    FailStart(StartFailure(made.error().message));
    return;
  }
  PyThreadState* const self = *made;
  mark.Include(PyThreadState_GetInterpreter(self));
  if (!Prepare()) {
    const Failure failure = StartFailure(RaisedText());
    Empty(self);
    AbandonInterpreter(self);
    FailStart(failure);
    return;
  }
  if (!ServeFromPython()) PyErr_WriteUnraisable(nullptr);
  if (!tracker_.is_stopping()) EndProcessGroup();
  FrameHeader closed;
  closed.kind = FrameKind::kInterpreterClosed;
  closed.interpreter = number_;
  if (Empty(self)) closed.flags |= kFrameRetire;
  AbandonInterpreter(self);
  CloseFiles();
  ended_();
  control_.Send(closed);
}

bool Interpreter::Prepare() {
  return SetSysPath(settings_.install_paths) && PrepareInterpreter() &&
         AvoidBrokenModules() && GuardExtensions() && MarkOsExit() &&
         interrupts_.Install();
}

bool Interpreter::ServeFromPython() {
  static PyMethodDef definition = {kServe, &Interpreter::ServeCalls,
                                   METH_NOARGS, nullptr};
  const PyRef self = PyRef::Steal(PyCapsule_New(this, kCapsuleName, nullptr));
  const PyRef serve =
      self ? PyRef::Steal(PyCFunction_New(&definition, self.get())) : PyRef();
  const PyRef names = PyRef::Steal(PyDict_New());
  const PyRef main = PyRef::Steal(PyUnicode_FromString("__main__"));
  const PyRef code =
      PyRef::Steal(Py_CompileString("serve()", "<interpreter>", Py_file_input));
  if (!serve || !names || !main || !code ||
      PyDict_SetItemString(names.get(), kServe, serve.get()) != 0 ||
      PyDict_SetItemString(names.get(), "__name__", main.get()) != 0 ||
      PyDict_SetItemString(names.get(), "__builtins__", PyEval_GetBuiltins()) !=
          0) {
    return false;
  }
  return static_cast<bool>(
      PyRef::Steal(PyEval_EvalCode(code.get(), names.get(), names.get())));
}

PyObject* Interpreter::ServeCalls(PyObject* self, PyObject* /*args*/) {
  auto* const interpreter =
      static_cast<Interpreter*>(PyCapsule_GetPointer(self, kCapsuleName));
  // Nobody shall call it again.
  if (interpreter == nullptr ||
      PyDict_DelItemString(PyEval_GetGlobals(), kServe) != 0) {
    return nullptr;
  }
  interpreter->ServeCalls();
  Py_RETURN_NONE;
}

void Interpreter::ServeCalls() {
  Executor executor(settings_, tracker_, page_);
  CallLoop loop(files_.call_fd,
                settings_.limits.message_bytes + kFrameSlackBytes, tracker_,
                interrupts_, page_, executor);
  page_.Begin(settings_.epoch);
  control_.SendReady(number_);
  loop.Run();
  if (tracker_.is_stopping()) return;
  // The daemon is gone, and the control thread is about to say so; or it closed
  // this channel alone, which is against the contract.
  std::this_thread::sleep_for(kEndGrace);
}

bool Interpreter::Empty(PyThreadState* self) {
  interrupts_.Stop();
  RunExitFunctions();
  DropModules();
  FlushOutput();
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + kThreadGrace;
  while (HasOtherThreads(self) && Clock::now() < end) {
    PyEval_SaveThread();
    std::this_thread::sleep_for(kThreadPoll);
    PyEval_RestoreThread(self);
  }
  return HasOtherThreads(self);
}

void Interpreter::CloseFiles() {
  const std::lock_guard<std::mutex> lock(mu_);
  const InterpreterFiles closed = std::move(files_);
}

void Interpreter::FailStart(const Failure& failure) {
  ended_();
  control_.SendStartFailed(number_, failure);
}

}  // namespace envknit
