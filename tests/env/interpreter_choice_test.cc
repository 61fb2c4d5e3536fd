#include "server/env/interpreter_choice.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/env/fake_prober.h"
#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SubinterpreterPythonTest : public ::testing::Test {
 protected:
  // A Python on the path; `special_build` is "t" or "d".
  void AddPython(const std::string& version,
                 const std::string& special_build = "") {
    const std::string minor = version.substr(0, version.rfind('.'));
    prober_.Add(tree_.Executable("bin/python" + minor), version, special_build);
  }
  void AddRuntime(const std::string& number) {
    tree_.File("runtime/envknit_runtime.cpython-" + number +
               "-x86_64-linux-gnu.so");
  }
  absl::StatusOr<std::shared_ptr<const Environment>> Build(
      IsolationRequest isolation = IsolationRequest::kSubinterpreter) {
    InterpreterFinder finder(&prober_, {{}, {tree_.Path("bin")}},
                             RuntimeCatalog::Read(tree_.Path("runtime")));
    plan_.name = "ml";
    return BuildEnvironment(plan_, finder, isolation);
  }
  std::string Chosen() {
    const auto environment = Build();
    return environment.ok() ? (*environment)->interpreter.version
                            : std::string(environment.status().message());
  }

  const TemporaryTree tree_;
  FakeProber prober_;
  EnvironmentPlan plan_;
};

TEST_F(SubinterpreterPythonTest, TakesTheNewestThatHasARuntime) {
  for (const char* version : {"3.11.7", "3.12.1", "3.13.0", "3.14.0"}) {
    AddPython(version);
  }
  for (const char* number : {"311", "312"}) AddRuntime(number);
  EXPECT_EQ(Chosen(), "3.12.1");
  AddRuntime("313");
  EXPECT_EQ(Chosen(), "3.13.0");
  AddRuntime("314");
  EXPECT_EQ(Chosen(), "3.14.0");
  // Nobody had to be asked who can't be it.
  EXPECT_THAT(prober_.probed,
              Not(testing::Contains(tree_.Path("bin/python3.11"))));
}

TEST_F(SubinterpreterPythonTest, KeepsAPinThatHasThem) {
  for (const char* version : {"3.11.7", "3.12.1", "3.13.0"}) AddPython(version);
  for (const char* number : {"311", "312", "313"}) AddRuntime(number);
  plan_.pinned_python = "3.12";
  EXPECT_EQ(Chosen(), "3.12.1");
  plan_.pinned_python = "3.11";
  EXPECT_EQ(Chosen(), "3.13.0");
}

TEST_F(SubinterpreterPythonTest, CompiledFilesDontDecide) {
  AddPython("3.11.7");
  AddPython("3.13.0");
  AddRuntime("311");
  AddRuntime("313");
  plan_.install_paths = {
      tree_.Wheel("numpy", "numpy", "1.0", "cp311-cp311-any", "")};
  plan_.packages.push_back(
      {"numpy", "numpy", "1.0", plan_.install_paths.back()});
  EXPECT_EQ(Chosen(), "3.13.0");
  EXPECT_EQ((*Build(IsolationRequest::kProcess))->interpreter.version,
            "3.11.7");
  EXPECT_EQ((*Build(IsolationRequest::kAuto))->interpreter.version, "3.11.7");
  plan_.pinned_python = "3.13";
  EXPECT_EQ(Chosen(), "3.13.0");
}

TEST_F(SubinterpreterPythonTest, APreferredOneCountsIfItHasThem) {
  for (const char* version : {"3.11.7", "3.12.1", "3.13.0"}) AddPython(version);
  for (const char* tag : {"311", "312", "313"}) AddRuntime(tag);
  plan_.preferred_python = "3.12";
  EXPECT_EQ(Chosen(), "3.12.1");
  plan_.preferred_python = "3.11";
  EXPECT_EQ(Chosen(), "3.13.0");
}

TEST_F(SubinterpreterPythonTest, SpecialBuildsDontCount) {
  AddPython("3.13.0", "t");
  AddRuntime("313t");
  const auto refused = Build();
  ASSERT_FALSE(refused.ok());
  AddPython("3.12.1");
  AddRuntime("312");
  plan_.pinned_python = "3.13";
  EXPECT_EQ(Chosen(), "3.12.1");
}

TEST_F(SubinterpreterPythonTest, TakesTheClientsOwnWhereNobodyLooks) {
  plan_.known_interpreter = MakeInterpreter("/elsewhere/bin/python", "3.13.0");
  AddRuntime("313");
  const auto environment = Build();
  ASSERT_TRUE(environment.ok()) << environment.status();
  EXPECT_EQ((*environment)->interpreter.path, "/elsewhere/bin/python");
  EXPECT_TRUE((*environment)->interpreter.has_runtime());
}

TEST_F(SubinterpreterPythonTest, NamesThePythonsThatDontFit) {
  AddPython("3.11.7");
  AddPython("3.14.0");
  AddRuntime("311");
  const auto refused = Build();
  ASSERT_FALSE(refused.ok());
  const auto detail = GetErrorDetail(refused.status());
  EXPECT_EQ(detail->reason, ErrorReason::kRuntimeNotAvailable);
  EXPECT_EQ(detail->metadata.at("python"), "3.12 or newer");
  EXPECT_THAT(detail->metadata.at("found"),
              AllOf(HasSubstr("3.11.7 (" + tree_.Path("bin/python3.11") + ")"),
                    HasSubstr("3.14.0")));
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("Python 3.12 or newer"),
                    HasSubstr("has: cpython-311"), HasSubstr("3.14.0")));
}

TEST_F(SubinterpreterPythonTest, ContentsAreReadForThoseWhoNeedThem) {
  AddPython("3.13.0");
  AddRuntime("313");
  plan_.install_paths = {
      tree_.Wheel("six", "six", "1.0", "py3-none-any", "six.py,,\n")};
  plan_.packages.push_back({"six", "six", "1.0", plan_.install_paths.back()});
  EXPECT_FALSE((*Build(IsolationRequest::kProcess))->contents.has_value());
  const auto contents = (*Build(IsolationRequest::kAuto))->contents;
  ASSERT_TRUE(contents.has_value());
  EXPECT_THAT(contents->import_names, testing::ElementsAre("six"));
  EXPECT_FALSE(contents->has_compiled_files);
  EXPECT_TRUE(Build()->get()->contents.has_value());
}

}  // namespace
}  // namespace envknit
