#include "server/env/environment_builder.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/env/fake_prober.h"
#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Pythons 3.10, 3.11 and 3.13 on the path, runtimes for 3.10 and 3.11.
class EnvironmentBuilderTest : public ::testing::Test {
 protected:
  EnvironmentBuilderTest() {
    for (const char* version : {"3.10.1", "3.11.7", "3.13.0"}) {
      const std::string path =
          tree_.Executable("bin/python" + std::string(version).substr(0, 4));
      prober_.Add(path, version);
    }
    for (const char* number : {"310", "311"}) {
      tree_.File(std::string("runtime/envknit_runtime.cpython-") + number +
                 "-x86_64-linux-gnu.so");
    }
    plan_.name = "ml";
  }

  absl::StatusOr<std::shared_ptr<const Environment>> Build() {
    InterpreterFinder finder(&prober_, {{}, {tree_.Path("bin")}},
                             RuntimeCatalog::Read(tree_.Path("runtime")));
    return BuildEnvironment(plan_, finder, IsolationRequest::kProcess);
  }

  std::string VersionChosen() {
    const auto environment = Build();
    EXPECT_TRUE(environment.ok()) << environment.status();
    return environment.ok() ? (*environment)->interpreter.version : "";
  }

  void ExpectError(ErrorReason reason, const std::string& text) {
    const auto environment = Build();
    ASSERT_FALSE(environment.ok());
    const auto detail = GetErrorDetail(environment.status());
    ASSERT_TRUE(detail.has_value()) << environment.status();
    EXPECT_EQ(detail->reason, reason);
    EXPECT_EQ(detail->metadata.at("environment"), "ml");
    EXPECT_THAT(std::string(environment.status().message()), HasSubstr(text));
  }

  void AddCompiled(const std::string& name, const std::string& number) {
    plan_.install_paths.push_back(tree_.Wheel(
        name, name, "1.0", "cp" + number + "-cp" + number + "-any", ""));
    plan_.packages.push_back({name, name, "1.0", plan_.install_paths.back()});
  }

  const TemporaryTree tree_;
  FakeProber prober_;
  EnvironmentPlan plan_;
};

TEST_F(EnvironmentBuilderTest, RefusesAMissingPath) {
  plan_.install_paths = {tree_.Path("nope")};
  ExpectError(ErrorReason::kEnvNotInstalled, tree_.Path("nope"));
  plan_.install_paths = {tree_.File("file")};
  ExpectError(ErrorReason::kEnvNotInstalled, "is not a directory");
}

TEST_F(EnvironmentBuilderTest, RefusesAPinThatCantLoadTheCompiledFiles) {
  AddCompiled("numpy", "310");
  plan_.pinned_python = "3.11";
  ExpectError(ErrorReason::kEnvNotInstalled,
              "is compiled for cpython-310, but");
}

TEST_F(EnvironmentBuilderTest, SaysWhenNoPythonFits) {
  AddCompiled("numpy", "312");
  ExpectError(ErrorReason::kInterpreterNotFound, "Python 3.12");
  plan_.pinned_python = tree_.Path("bin/nope");
  ExpectError(ErrorReason::kInterpreterNotFound, "bin/nope");
}

TEST_F(EnvironmentBuilderTest, SaysWhenThePythonHasNoRuntime) {
  plan_.preferred_python = "3.13";
  ExpectError(ErrorReason::kRuntimeNotAvailable, "needs Python 3.13.0");
  const auto environment = Build();
  EXPECT_EQ(GetErrorDetail(environment.status())->metadata.at("python"),
            "3.13.0");
}

TEST_F(EnvironmentBuilderTest, ThePinDecidesFirst) {
  plan_.pinned_python = "3.10";
  plan_.preferred_python = "3.11";
  EXPECT_EQ(VersionChosen(), "3.10.1");
  plan_.pinned_python = tree_.Path("bin/python3.11");
  plan_.preferred_python = "3.10";
  EXPECT_EQ(VersionChosen(), "3.11.7");
}

TEST_F(EnvironmentBuilderTest, ThenTheCompiledFilesOfTheFirstPathThatHasAny) {
  plan_.install_paths = {tree_.Directory("pure")};
  AddCompiled("numpy", "310");
  AddCompiled("pandas", "311");
  plan_.preferred_python = "3.11";
  EXPECT_EQ(VersionChosen(), "3.10.1");
}

TEST_F(EnvironmentBuilderTest, ThenThePreferenceThenTheNewest) {
  plan_.install_paths = {tree_.Directory("pure")};
  plan_.preferred_python = "3.10";
  EXPECT_EQ(VersionChosen(), "3.10.1");
  plan_.preferred_python = "";
  EXPECT_EQ(VersionChosen(), "3.11.7");
}

TEST_F(EnvironmentBuilderTest, UsesTheKnownPythonWithoutAsking) {
  plan_.known_interpreter = MakeInterpreter("/client/python", "3.11.4");
  plan_.preferred_python = "3.11";
  AddCompiled("numpy", "311");
  const auto environment = Build();
  ASSERT_TRUE(environment.ok()) << environment.status();
  EXPECT_EQ((*environment)->interpreter.path, "/client/python");
  EXPECT_TRUE((*environment)->interpreter.has_runtime());
  plan_.install_paths = {tree_.Directory("pure")};
  EXPECT_EQ(VersionChosen(), "3.11.4");
  plan_.preferred_python = "";
  EXPECT_EQ(VersionChosen(), "3.11.4");
  plan_.pinned_python = "/client/python";
  EXPECT_EQ(VersionChosen(), "3.11.4");
  EXPECT_THAT(prober_.probed, IsEmpty());
}

TEST_F(EnvironmentBuilderTest, AsksWhereTheKnownPythonDoesNotFit) {
  plan_.known_interpreter = MakeInterpreter("/client/python", "3.11.4");
  plan_.preferred_python = "3.11";
  AddCompiled("numpy", "310");
  EXPECT_EQ(VersionChosen(), "3.10.1");
  plan_.install_paths.clear();
  plan_.preferred_python = "3.10";
  EXPECT_EQ(VersionChosen(), "3.10.1");
}

TEST_F(EnvironmentBuilderTest, ARequestedPackageRunsWithoutMissingCompanions) {
  AddCompiled("numpy", "311");
  plan_.install_paths.push_back(tree_.Path("gone"));
  plan_.packages.push_back({"gone", "gone", "1", tree_.Path("gone")});
  ExpectError(ErrorReason::kEnvNotInstalled, "gone");
  plan_.requested_package = "numpy";
  const auto environment = Build();
  ASSERT_TRUE(environment.ok()) << environment.status();
  EXPECT_THAT((*environment)->install_paths, ElementsAre(tree_.Path("numpy")));
  EXPECT_THAT((*environment)->packages, SizeIs(1));
  plan_.install_paths[0] = tree_.Path("also gone");
  ExpectError(ErrorReason::kEnvNotInstalled, "also gone");
}

TEST(DigestTest, ChangesWithWhatIsRunAndOnlyWithThat) {
  Environment environment;
  environment.interpreter = MakeInterpreter("/python", "3.11.7");
  environment.install_paths = {"/a", "/b"};
  environment.packages = {{"x", "x", "1", "/a"}, {"y", "y", "2", "/b"}};
  const std::string digest = DigestOf(environment);
  EXPECT_THAT(digest, SizeIs(64));

  Environment same = environment;
  same.name = "other";
  same.requested_package = "x";
  same.packages = {environment.packages[1], environment.packages[0]};
  EXPECT_EQ(DigestOf(same), digest);

  std::vector<Environment> others(6, environment);
  others[0].interpreter.path = "/python2";
  others[1].interpreter.version = "3.11.8";
  others[2].install_paths = {"/b", "/a"};
  others[3].install_paths = {"/a/b"};
  others[4].packages[0].version = "1.1";
  others[5].install_paths.push_back("x==1");
  for (const Environment& other : others) EXPECT_NE(DigestOf(other), digest);
}

}  // namespace
}  // namespace envknit
