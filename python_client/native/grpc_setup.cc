#include "python_client/native/grpc_setup.h"

#include <grpc/grpc.h>

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

}  // namespace

void EnsureGrpcIsSetUp() {
  static const bool done = [] {
    EnvironmentDefault strategy("GRPC_POLL_STRATEGY", "poll");
    EnvironmentDefault fork_support("GRPC_ENABLE_FORK_SUPPORT", "1");
    EnvironmentDefault verbosity("GRPC_VERBOSITY", "NONE");
    grpc_init();
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace envknit::native
