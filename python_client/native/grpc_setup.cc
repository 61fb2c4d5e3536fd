#include "python_client/native/grpc_setup.h"

#include <grpc/fork.h>
#include <grpc/grpc.h>
#include <pthread.h>

#include <cstdlib>

namespace envknit::native {
namespace {

// Gives an environment variable a value where it has none, until destroyed.
class EnvironmentDefault final {
 public:
  EnvironmentDefault(const char* name, const char* value)
      : name_(name), was_set_(std::getenv(name) != nullptr) {
    if (!was_set_) ::setenv(name, value, 1);
  }
  ~EnvironmentDefault() {
    if (!was_set_) ::unsetenv(name_);
  }
  EnvironmentDefault(const EnvironmentDefault&) = delete;
  EnvironmentDefault& operator=(const EnvironmentDefault&) = delete;

 private:
  const char* const name_;
  const bool was_set_;
};

// Each forking thread's own: several may be on their way to fork().
thread_local bool fork_expected = false;

void BeforeFork() {
  if (fork_expected) grpc_prefork();
}
void AfterForkInParent() {
  if (fork_expected) grpc_postfork_parent();
}
void AfterForkInChild() {
  if (fork_expected) grpc_postfork_child();
}

}  // namespace

void EnsureGrpcIsSetUp() {
  static const bool done = [] {
    EnvironmentDefault strategy("GRPC_POLL_STRATEGY", "poll");
    EnvironmentDefault fork_support("GRPC_ENABLE_FORK_SUPPORT", "1");
    EnvironmentDefault verbosity("GRPC_VERBOSITY", "NONE");
    grpc_init();
    static_cast<void>(
        ::pthread_atfork(&BeforeFork, &AfterForkInParent, &AfterForkInChild));
    return true;
  }();
  static_cast<void>(done);
}

void ExpectFork(bool expected) { fork_expected = expected; }

}  // namespace envknit::native
