#include "server/env/locked_environments.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LockFile Parse(const std::string& text, const std::string& path = "f.yaml") {
  absl::StatusOr<LockFile> lock = ParseLockFile(text, path);
  EXPECT_TRUE(lock.ok()) << lock.status();
  return *std::move(lock);
}

constexpr char kLock[] =
    "environments:\n"
    "  web:\n"
    "  - {name: requests, version: 2.31.0, install_path: /web/requests}\n"
    "  - {name: urllib3, version: 2.0.0, install_path: /web/urllib3}\n"
    "  ml:\n"
    "    python: 3.10\n"
    "    packages:\n"
    "    - {name: NumPy, version: 1.26.4, install_path: /ml/all}\n"
    "    - {name: pandas, version: 2.0.0, install_path: /ml/all}\n"
    "    - {name: requests, version: 2.28.2, install_path: /ml/requests}\n"
    "  both:\n"
    "  - {name: numpy, version: 1.26.4, install_path: /both/numpy1}\n"
    "  - {name: numpy, version: 2.1.0, install_path: /both/numpy2}\n"
    "  - {name: six, version: 1.16.0, install_path: /both/six}\n";

class LockedEnvironmentsTest : public ::testing::Test {
 protected:
  LockedEnvironmentsTest() : environments_({Parse(kLock)}) {}

  void ExpectError(const EnvironmentByPackage& query, ErrorReason reason,
                   const std::string& text, const std::string& near) {
    const auto plan = environments_.ByPackage(query);
    ASSERT_FALSE(plan.ok()) << query.name;
    const auto detail = GetErrorDetail(plan.status());
    ASSERT_TRUE(detail.has_value());
    EXPECT_EQ(detail->reason, reason);
    EXPECT_EQ(detail->metadata.at("near"), near);
    EXPECT_THAT(std::string(plan.status().message()), HasSubstr(text));
  }

  const LockedEnvironments environments_;
};

TEST_F(LockedEnvironmentsTest, UnknownEnvironmentsNameTheNearest) {
  const auto plan = environments_.ByName("wbe");
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().message(),
            "environment \"wbe\" is not registered; did you mean web?");
  EXPECT_EQ(GetErrorDetail(plan.status())->reason, ErrorReason::kEnvNotFound);
  EXPECT_EQ(GetErrorDetail(plan.status())->metadata.at("near"), "web");
  ExpectError({"six", "", "nope"}, ErrorReason::kEnvNotFound,
              "\"nope\" is not registered", "");
}

TEST_F(LockedEnvironmentsTest, UnknownPackagesNameTheNearest) {
  ExpectError({"reqeusts", "2.31.0", ""}, ErrorReason::kPackageNotLocked,
              "package reqeusts 2.31.0 is not registered in any lock file; did "
              "you mean requests?",
              "requests");
  ExpectError({"torch", "", ""}, ErrorReason::kPackageNotLocked,
              "package torch is not registered in any lock file", "");
  ExpectError({"six", "", "web"}, ErrorReason::kPackageNotLocked,
              "is not registered in environment \"web\"", "");
}

TEST_F(LockedEnvironmentsTest, UnknownVersionsNameTheRegisteredOnes) {
  ExpectError({"numpy", "1.25.0", ""}, ErrorReason::kPackageNotLocked,
              "registered versions: 1.26.4, 2.1.0", "1.26.4,2.1.0");
}

TEST_F(LockedEnvironmentsTest, ByNameIsTheWholeEnvironmentEachPathOnce) {
  const auto plan = environments_.ByName("ml");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->name, "ml");
  EXPECT_EQ(plan->pinned_python, "3.10");
  EXPECT_EQ(plan->requested_package, "");
  EXPECT_THAT(plan->install_paths, ElementsAre("/ml/all", "/ml/requests"));
  EXPECT_EQ(plan->packages.size(), 3u);
}

TEST_F(LockedEnvironmentsTest, ByPackagePutsTheRequestedPathFirst) {
  const auto plan = environments_.ByPackage({"Requests", "2.28.2", ""});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->name, "ml");
  EXPECT_EQ(plan->requested_package, "requests");
  EXPECT_THAT(plan->install_paths, ElementsAre("/ml/requests", "/ml/all"));
}

TEST_F(LockedEnvironmentsTest, ByPackageTakesTheFirstEnvironmentUnlessNamed) {
  EXPECT_EQ(environments_.ByPackage({"numpy", "1.26.4", ""})->name, "ml");
  EXPECT_EQ(environments_.ByPackage({"numpy", "1.26.4", "both"})->name, "both");
  EXPECT_EQ(environments_.ByPackage({"requests", "", ""})->name, "web");
}

TEST_F(LockedEnvironmentsTest, OneVersionPerPackageTakesPart) {
  EXPECT_THAT(environments_.ByName("both")->install_paths,
              ElementsAre("/both/numpy1", "/both/six"));
  const auto plan = environments_.ByPackage({"numpy", "2.1.0", ""});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->install_paths, ElementsAre("/both/numpy2", "/both/six"));
  EXPECT_EQ(plan->packages[0].version, "2.1.0");
}

TEST_F(LockedEnvironmentsTest, FindsByImportNameWhatNoNameMatches) {
  const TemporaryTree tree;
  tree.File("lib/pillow-10.0.dist-info/top_level.txt", "PIL\n");
  LockFile lock = Parse(
      "packages: [{name: six, version: 1, install_path: lib/none}, "
      "{name: pillow, version: 10.0, install_path: lib}]");
  ResolvePaths(lock, tree.root(), {});
  const LockedEnvironments environments({lock});
  const auto plan = environments.ByPackage({"PIL", "10.0", ""});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->requested_package, "pillow");
  EXPECT_FALSE(environments.ByPackage({"PIL", "9.0", ""}).ok());
}

TEST(LockedEnvironmentsOfFilesTest, TheFirstFileWinsAndTheOtherIsToldOf) {
  const LockedEnvironments environments(
      {Parse("environments: {a: [{name: six, version: 1}]}", "one.yaml"),
       Parse("environments: {a: [{name: six, version: 2}], b: []}",
             "two.yaml")});
  EXPECT_EQ(environments.ByName("a")->packages[0].version, "1");
  EXPECT_TRUE(environments.ByName("b").ok());
  EXPECT_FALSE(environments.ByPackage({"six", "2", ""}).ok());
  EXPECT_THAT(environments.warnings(),
              ElementsAre(HasSubstr("\"a\" of two.yaml is hidden")));
  EXPECT_THAT(LockedEnvironments({}).warnings(), IsEmpty());
}

}  // namespace
}  // namespace envknit
