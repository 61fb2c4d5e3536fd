#ifndef ENVKNIT_TESTS_ENV_FAKE_PROBER_H_
#define ENVKNIT_TESTS_ENV_FAKE_PROBER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/env/interpreter_prober.h"

namespace envknit {

inline Interpreter MakeInterpreter(const std::string& path,
                                   const std::string& version,
                                   const std::string& special_build = "") {
  Interpreter interpreter;
  interpreter.path = path;
  interpreter.version = version;
  const std::string number = version.substr(0, 1) + version.substr(2, 2);
  interpreter.soabi =
      absl::StrCat("cpython-", number, special_build, "-x86_64-linux-gnu");
  EXPECT_TRUE(CompleteInterpreter(interpreter).ok());
  return interpreter;
}

// Answers from a table of paths, and counts the questions.
class FakeProber final : public InterpreterProber {
 public:
  absl::StatusOr<Interpreter> Probe(const std::string& path) override {
    probed.push_back(path);
    const auto it = answers.find(path);
    if (it == answers.end()) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is no Python"));
    }
    return it->second;
  }

  void Add(const std::string& path, const std::string& version,
           const std::string& special_build = "") {
    answers[path] = MakeInterpreter(path, version, special_build);
  }

  std::map<std::string, Interpreter> answers;
  std::vector<std::string> probed;
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_ENV_FAKE_PROBER_H_
