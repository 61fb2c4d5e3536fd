#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/env/lock_file.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string ErrorOf(absl::string_view text) {
  const auto lock = ParseLockFile(text, "f.yaml");
  if (lock.ok()) return "accepted";
  EXPECT_EQ(lock.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(lock.status().message());
}

TEST(LockParserTest, SaysWhereAndWhatIsWrong) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"",
       "f.yaml:1:1: expected a mapping with the key \"environments\", "
       "found nothing"},
      {"[]", "found a list"},
      {"just text", "found \"just text\""},
      {"schema_version: 1.0", "neither \"environments\" nor \"packages\""},
      {"schema_version: new\npackages: []",
       "f.yaml:1:17: expected a schema version such as \"1.0\", found \"new\""},
      {"schema_version: [1]\npackages: []", "found a list"},
      {"schema_version: -1\npackages: []", "expected a schema version"},
      {"environments: [a]", "expected a mapping from names to lists"},
      {"environments: {\"\": []}", "expected the name of an environment"},
      {"environments: {a: numpy}", "expected a list of packages, found"},
      {"environments: {a: {python: 3.11}}",
       "environment \"a\" has no \"packages\""},
      {"environments: {a: {python: three, packages: []}}",
       "f.yaml:1:28: expected a Python version such as 3.11, or a path, found "
       "\"three\""},
      {"environments: {a: {python: 3, packages: []}}", "such as 3.11"},
      {"environments: {a: {python: 3..11, packages: []}}", "such as 3.11"},
      {"environments: {a: {python: [3.11], packages: []}}", "found a list"},
      {"packages: {a: b}", "expected a list of packages, found a mapping"},
      {"packages: [numpy]", "f.yaml:1:12: expected a package with \"name\""},
      {"packages:\n- {version: 1}", "f.yaml:2:3: package without \"name\""},
      {"packages:\n- {name: numpy}", "f.yaml:2:3: package without \"version\""},
      {"packages:\n- {name: numpy, version: ~}", "package without \"version\""},
      {"packages:\n- {name: [x], version: 1}", "expected a text for \"name\""},
      {"packages:\n- {name: ../x, version: 1}",
       "f.yaml:2:10: expected a package name"},
      {"packages:\n- {name: x, version: ../1}", "expected a version such as"},
      {"packages:\n- {name: x, version: 1, install_path: [a]}",
       "expected a text for \"install_path\""},
      {"packages:\n- {name: x, version: 1, install_path: \"\"}",
       "expected a text for \"install_path\""},
      {"packages:\n- {name: x, version: 1, dev: maybe}",
       "f.yaml:2:30: expected true or false, found \"maybe\""},
      {"packages:\n- {name: x, version: 1, dependencies: y}",
       "expected a list of dependencies"},
      {"packages:\n- {name: x, version: 1, dependencies: [\">=1\"]}",
       "expected a dependency such as"},
      {"packages:\n- {name: x, version: 1, dependencies: [[y]]}",
       "expected a dependency such as"},
      {"packages:\n- {name: x, version: 1, dependencies: [{constraint: 1}]}",
       "without \"name\""},
      {"packages: [\n", "not valid YAML"},
      {"packages: []\npackages: []", "duplicate key"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
    EXPECT_THAT(ErrorOf(c.text), StartsWith("f.yaml:")) << c.text;
  }
}

TEST(LockParserTest, RefusesNewerMajorsByAnotherCode) {
  for (const char* version : {"2.0", "2", "\"10.3\""}) {
    const auto lock = ParseLockFile(
        absl::StrCat("schema_version: ", version, "\nwhatever: {}"), "f.yaml");
    EXPECT_EQ(lock.status().code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(lock.status().message()),
                HasSubstr("upgrade envknit"));
  }
}

TEST(LockParserTest, ReadsEveryFieldOfAPackage) {
  const auto lock = ParseLockFile(
      "schema_version: 1.0\n"
      "environments:\n"
      "  ml:\n"
      "    - name: NumPy\n"
      "      version: 1.10\n"
      "      install_path: ~/x\n"
      "      backend: pip\n"
      "      source: pypi\n"
      "      sha256: abc\n"
      "      dev: true\n"
      "      dependencies:\n"
      "        - scipy >=1.2\n"
      "        - requests[socks]>=2\n"
      "        - six\n"
      "        - {name: pandas, constraint: '<3'}\n"
      "        - {name: rich}\n"
      "      from_the_future: [1, {2: 3}]\n",
      "f.yaml");
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(lock->path, "f.yaml");
  EXPECT_EQ(lock->schema_version, "1.0");
  ASSERT_THAT(lock->environments, SizeIs(1));
  EXPECT_EQ(lock->environments[0].name, "ml");
  EXPECT_EQ(lock->environments[0].python, "");
  ASSERT_THAT(lock->environments[0].packages, SizeIs(1));
  const LockFile::Package& package = lock->environments[0].packages[0];
  EXPECT_EQ(package.name, "NumPy");
  EXPECT_EQ(package.normalized_name, "numpy");
  EXPECT_EQ(package.version, "1.10");
  EXPECT_EQ(package.install_path, "~/x");
  EXPECT_EQ(package.backend, "pip");
  EXPECT_EQ(package.source, "pypi");
  EXPECT_EQ(package.sha256, "abc");
  EXPECT_TRUE(package.dev);
  EXPECT_EQ(package.line, 4);
  ASSERT_THAT(package.dependencies, SizeIs(5));
  EXPECT_EQ(package.dependencies[0].name, "scipy");
  EXPECT_EQ(package.dependencies[0].constraint, ">=1.2");
  EXPECT_EQ(package.dependencies[1].name, "requests");
  EXPECT_EQ(package.dependencies[1].constraint, "[socks]>=2");
  EXPECT_EQ(package.dependencies[2].constraint, "");
  EXPECT_EQ(package.dependencies[3].constraint, "<3");
  EXPECT_EQ(package.dependencies[4].name, "rich");
}

TEST(LockParserTest, AFlatListStandsForDefaultWhereNoEnvironmentsAre) {
  const auto flat =
      ParseLockFile("packages: [{name: six, version: 1.16.0}]", "f");
  ASSERT_TRUE(flat.ok()) << flat.status();
  EXPECT_EQ(flat->schema_version, "1.0");
  ASSERT_THAT(flat->environments, SizeIs(1));
  EXPECT_EQ(flat->environments[0].name, "default");
  EXPECT_THAT(flat->environments[0].packages, SizeIs(1));
  const auto both = ParseLockFile(
      "environments: {a: []}\npackages: [{name: six, version: 1}]", "f");
  ASSERT_TRUE(both.ok()) << both.status();
  ASSERT_THAT(both->environments, SizeIs(1));
  EXPECT_EQ(both->environments[0].name, "a");
}

TEST(LockParserTest, EnvironmentsMayPinTheirPython) {
  const auto lock = ParseLockFile(
      "environments:\n"
      "  a: {python: 3.10, packages: [{name: six, version: 1}]}\n"
      "  b: {python: 3.11.7, packages: []}\n"
      "  c: {python: /usr/bin/python3, packages: ~, more: 1}\n"
      "  d:\n"
      "  e: {python: ~, packages: []}\n",
      "f");
  ASSERT_TRUE(lock.ok()) << lock.status();
  ASSERT_THAT(lock->environments, SizeIs(5));
  EXPECT_EQ(lock->environments[0].python, "3.10");
  EXPECT_THAT(lock->environments[0].packages, SizeIs(1));
  EXPECT_EQ(lock->environments[1].python, "3.11.7");
  EXPECT_EQ(lock->environments[2].python, "/usr/bin/python3");
  EXPECT_THAT(lock->environments[3].packages, IsEmpty());
  EXPECT_EQ(lock->environments[4].python, "");
}

TEST(LockParserTest, KeepsVersionsApartAndDropsRepetitions) {
  const auto lock = ParseLockFile(
      "packages:\n"
      "- {name: six, version: 1.15.0}\n"
      "- {name: six, version: 1.16.0}\n"
      "- {name: SIX, version: 1.15.0, install_path: /elsewhere}\n",
      "f");
  ASSERT_TRUE(lock.ok()) << lock.status();
  ASSERT_THAT(lock->environments[0].packages, SizeIs(2));
  EXPECT_EQ(lock->environments[0].packages[0].install_path, "");
  EXPECT_EQ(lock->environments[0].packages[1].version, "1.16.0");
}

TEST(LockParserTest, ReadsALargeFileInReasonableTime) {
  std::string text = "packages:\n";
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(&text, "- {name: p", i, ", version: 1.", i, "}\n");
  }
  const auto lock = ParseLockFile(text, "f");
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_THAT(lock->environments[0].packages, SizeIs(20'000));
}

}  // namespace
}  // namespace envknit
