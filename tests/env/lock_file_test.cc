#include "server/env/lock_file.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

TEST(LoadLockFileTest, NamesTheFileThatCantBeRead) {
  const TemporaryTree tree;
  const auto missing = LoadLockFile(tree.Path("nope.yaml"), {});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("/nope.yaml"));
  EXPECT_EQ(LoadLockFile(tree.root(), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string wrong = tree.File("wrong.yaml", "packages: 1");
  EXPECT_THAT(std::string(LoadLockFile(wrong, {}).status().message()),
              HasSubstr("/wrong.yaml:1:11: "));
}

TEST(LoadLockFileTest, MakesPathsAbsolute) {
  const TemporaryTree tree;
  const std::string path =
      tree.File("project/envknit.lock.yaml",
                "environments:\n"
                "  a:\n"
                "    python: ../py/bin/python3\n"
                "    packages:\n"
                "    - {name: one, version: 1, install_path: /abs/./x/}\n"
                "    - {name: two, version: 1, install_path: lib/two}\n"
                "    - {name: three, version: 1, install_path: ~/three}\n"
                "    - {name: Four, version: 1.0}\n"
                "  b: {python: 3.11, packages: []}\n");
  const auto lock = LoadLockFile(path, {"/people/x", ""});
  ASSERT_TRUE(lock.ok()) << lock.status();
  const LockFile::Environment& a = lock->environments[0];
  EXPECT_EQ(a.python, tree.Path("py/bin/python3"));
  EXPECT_EQ(a.packages[0].install_path, "/abs/x");
  EXPECT_EQ(a.packages[1].install_path, tree.Path("project/lib/two"));
  EXPECT_EQ(a.packages[2].install_path, "/people/x/three");
  EXPECT_EQ(a.packages[3].install_path, "/people/x/.envknit/packages/Four/1.0");
  EXPECT_EQ(lock->environments[1].python, "3.11");
}

TEST(LoadLockFileTest, TheStoreMayBeElsewhere) {
  const TemporaryTree tree;
  const std::string path =
      tree.File("f.yaml", "packages: [{name: six, version: 1.16.0}]");
  const auto absolute = LoadLockFile(path, {"/people/x", "/store"});
  ASSERT_TRUE(absolute.ok()) << absolute.status();
  EXPECT_EQ(absolute->environments[0].packages[0].install_path,
            "/store/packages/six/1.16.0");
  const auto home = LoadLockFile(path, {"/people/x", "~/store"});
  ASSERT_TRUE(home.ok()) << home.status();
  EXPECT_EQ(home->environments[0].packages[0].install_path,
            "/people/x/store/packages/six/1.16.0");
}

TEST(LoadLockFileTest, ARelativeFileMeansTheWorkingDirectory) {
  LockFile lock;
  lock.environments.push_back({"a", "", {{}}});
  lock.environments[0].packages[0].install_path = "lib";
  ResolvePaths(lock, "/project", {"/people/x", ""});
  EXPECT_EQ(lock.environments[0].packages[0].install_path, "/project/lib");
}

TEST(PathRootsTest, ComeFromTheProcess) {
  ::setenv("HOME", "/people/y", 1);
  ::setenv("ENVKNIT_HOME", "/store/y", 1);
  EXPECT_EQ(PathRootsOfProcess().home, "/people/y");
  EXPECT_EQ(PathRootsOfProcess().envknit_home, "/store/y");
  ::unsetenv("ENVKNIT_HOME");
  EXPECT_EQ(PathRootsOfProcess().envknit_home, "");
}

}  // namespace
}  // namespace envknit
