// Threads that leave signals to others.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_QUIET_THREAD_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_QUIET_THREAD_H_

#include <signal.h>

#include <memory>
#include <thread>
#include <utility>

namespace envknit::native {

// A thread that no signal is delivered to: they are Python's, on its main
// thread.
template <typename Body>
std::unique_ptr<std::thread> StartQuietThread(Body body) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto thread = std::make_unique<std::thread>(std::move(body));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_QUIET_THREAD_H_
