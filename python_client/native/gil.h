// Giving the GIL up and taking it back, also while the interpreter ends.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_GIL_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_GIL_H_

#include <pybind11/pybind11.h>

namespace envknit::native {

// Like pybind11's gil_scoped_release and gil_scoped_acquire, but for threads
// that may outlive the interpreter (daemon threads in a call): Python ends such
// a thread where it takes the GIL, by unwinding its stack, and to unwind C++
// destructors so is std::terminate. Here it sleeps until the process is gone.
class GilReleased final {
 public:
  GilReleased() : thread_(PyEval_SaveThread()) {}
  ~GilReleased();
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  PyThreadState* const thread_;
};

class GilTaken final {
 public:
  GilTaken();
  ~GilTaken() { PyGILState_Release(state_); }
  GilTaken(const GilTaken&) = delete;
  GilTaken& operator=(const GilTaken&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_GIL_H_
