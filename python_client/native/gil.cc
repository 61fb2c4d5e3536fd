#include "python_client/native/gil.h"

#include <cxxabi.h>
#include <unistd.h>

namespace envknit::native {
namespace {

[[noreturn]] void SleepUntilTheEnd() {
  while (true) ::pause();
}

}  // namespace

GilReleased::~GilReleased() {
  try {
    PyEval_RestoreThread(thread_);
  } catch (const abi::__forced_unwind&) {
    SleepUntilTheEnd();
  }
}

GilTaken::GilTaken() {
  try {
    state_ = PyGILState_Ensure();
  } catch (const abi::__forced_unwind&) {
    SleepUntilTheEnd();
  }
}

}  // namespace envknit::native
