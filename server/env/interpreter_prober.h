#ifndef ENVKNIT_SERVER_ENV_INTERPRETER_PROBER_H_
#define ENVKNIT_SERVER_ENV_INTERPRETER_PROBER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "envknit/environment.h"

namespace envknit {

// Finds out what an executable is by asking it. An interface, so that the
// search for interpreters can be tested without any.
class InterpreterProber {
 public:
  virtual ~InterpreterProber() = default;

  // The Python behind `path` (absolute); its own path may be another, when
  // `path` is a wrapper script. Does not look for our runtime. Blocks. Error:
  // FAILED_PRECONDITION, with what it printed, when it is no CPython.
  virtual absl::StatusOr<Interpreter> Probe(const std::string& path) = 0;
};

// Runs `path -I -S -c …` once: 7–14 ms for a real Python. Whatever is behind
// the path gets no input, no descriptors of ours, an almost empty environment,
// a process group of its own that is killed afterwards, and `time_limit`.
// Thread safe.
class SubprocessProber final : public InterpreterProber {
 public:
  explicit SubprocessProber(absl::Duration time_limit = absl::Seconds(10))
      : time_limit_(time_limit) {}

  absl::StatusOr<Interpreter> Probe(const std::string& path) override;

 private:
  const absl::Duration time_limit_;
};

// Fills in major, minor and abi_tag from version and soabi. INVALID_ARGUMENT
// when these aren't of the form "3.11.7" and "cpython-311-…".
absl::Status CompleteInterpreter(Interpreter& interpreter);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_INTERPRETER_PROBER_H_
