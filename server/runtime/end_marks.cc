#include "server/runtime/end_marks.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>

#include "server/frame/worker_signals.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {
namespace {

constexpr std::size_t kStackBytes = std::size_t{64} << 10;
constexpr std::size_t kSlots = 16;
constexpr int kMaxYields = 100'000;
constexpr std::array<int, 5> kFatalSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                                              SIGABRT};

// Read by signal handlers, on any thread, at any time.
struct Slot {
  std::atomic<bool> taken = false;
  std::atomic<pid_t> thread = 0;
  std::atomic<StatusPageWriter*> page = nullptr;
  std::atomic<PyInterpreterState*> interpreter = nullptr;
};
std::array<Slot, kSlots> slots;
std::array<struct sigaction, kFatalSignals.size()> fatal_actions;
struct sigaction dump_action = {};
std::atomic_flag dumping = ATOMIC_FLAG_INIT;

pid_t ThreadId() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// The page of the calling thread; nullptr for threads of no interpreter.
StatusPageWriter* PageOfThread() {
  const pid_t self = ThreadId();
  for (const Slot& slot : slots) {
    if (slot.thread.load() == self) return slot.page.load();
  }
  // As faulthandler does: one look at the thread's own storage.
  PyThreadState* const state = PyGILState_GetThisThreadState();
  if (state == nullptr) return nullptr;
  PyInterpreterState* const interpreter = PyThreadState_GetInterpreter(state);
  for (const Slot& slot : slots) {
    if (slot.interpreter.load() == interpreter) return slot.page.load();
  }
  return nullptr;
}

void MarkEnd() {
  StatusPageWriter* const page = PageOfThread();
  if (page != nullptr) page->SetEndsProcess();
}

void OnFatalSignal(int number) {
  MarkEnd();
  for (std::size_t i = 0; i < kFatalSignals.size(); ++i) {
    if (kFatalSignals[i] != number) continue;
    ::sigaction(number, &fatal_actions[i], nullptr);
  }
  ::raise(number);
}

// Only the main thread gets it from outside.
void OnStackDump(int number) {
  if (ThreadId() == ::getpid()) {
    for (const Slot& slot : slots) {
      const pid_t thread = slot.thread.load();
      if (thread != 0) ::syscall(SYS_tgkill, ::getpid(), thread, number);
    }
  }
  // Two dumps at once would be mixed up.
  int yields = 0;
  while (dumping.test_and_set() && ++yields < kMaxYields) ::sched_yield();
  if (dump_action.sa_handler != SIG_DFL && dump_action.sa_handler != SIG_IGN) {
    dump_action.sa_handler(number);
  }
  dumping.clear();
}

PyObject* Exit(PyObject*, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"status", nullptr};
  int status = 0;
  // It takes the names as char**, and writes to none.
  if (PyArg_ParseTupleAndKeywords(args, kwargs, "i:_exit",
                                  const_cast<char**>(names), &status) == 0) {
    return nullptr;
  }
  MarkEnd();
  ::_exit(status);
}

PyMethodDef exit_definition = {
    "_exit", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&Exit)),
    METH_VARARGS | METH_KEYWORDS,
    "_exit(status)\n\nExit to the system with specified status, without normal "
    "exit processing."};

}  // namespace

bool InstallEndMarks() {
  struct sigaction action = {};
  action.sa_handler = &OnFatalSignal;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < kFatalSignals.size(); ++i) {
    if (::sigaction(kFatalSignals[i], &action, &fatal_actions[i]) != 0) {
      return false;
    }
  }
  action.sa_handler = &OnStackDump;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  return ::sigaction(StackDumpSignal(), &action, &dump_action) == 0;
}

bool MarkOsExit() {
  const PyRef module = PyRef::Steal(PyImport_ImportModule("posix"));
  const PyRef name = PyRef::Steal(PyUnicode_FromString("posix"));
  if (!module || !name) return false;
  const PyRef function =
      PyRef::Steal(PyCFunction_NewEx(&exit_definition, nullptr, name.get()));
  if (!function ||
      PyObject_SetAttrString(module.get(), "_exit", function.get()) != 0) {
    return false;
  }
  // It has copied what was there if it is loaded already.
  PyObject* const os =
      PyDict_GetItemString(PyImport_GetModuleDict(), "os");  // borrowed
  return os == nullptr ||
         PyObject_SetAttrString(os, "_exit", function.get()) == 0;
}

EndMark::EndMark(StatusPageWriter& page) : slot_(-1) {
  stack_ = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack_ != MAP_FAILED) {
    stack_t stack = {};
    stack.ss_sp = stack_;
    stack.ss_size = kStackBytes;
    ::sigaltstack(&stack, nullptr);
  }
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (slots[i].taken.exchange(true)) continue;
    slot_ = static_cast<int>(i);
    slots[i].page = &page;
    slots[i].thread = ThreadId();
    break;
  }
}

void EndMark::Include(PyInterpreterState* interpreter) {
  if (slot_ >= 0) slots[slot_].interpreter = interpreter;
}

EndMark::~EndMark() {
  if (slot_ >= 0) {
    slots[slot_].interpreter = nullptr;
    slots[slot_].thread = 0;
    slots[slot_].page = nullptr;
    slots[slot_].taken = false;
  }
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  if (stack_ != MAP_FAILED) ::munmap(stack_, kStackBytes);
}

}  // namespace envknit
