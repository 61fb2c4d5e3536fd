#include "server/env/environment_contents.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EnvironmentContentsTest, ReadsWhatInstallersWrote) {
  const TemporaryTree tree;
  Environment environment;
  environment.install_paths = {
      tree.Wheel("six", "six", "1.0", "py3-none-any", "six.py,,\n"),
      tree.Wheel("pyyaml", "PyYAML", "6.0", "cp311-cp311-any",
                 "yaml/__init__.py,,\n_yaml/__init__.py,,\n"
                 "tests/test_it.py,,\n")};
  EnvironmentContents contents = ReadContents(environment);
  EXPECT_THAT(contents.import_names, ElementsAre("_yaml", "six", "yaml"));
  EXPECT_FALSE(contents.has_compiled_files);
  environment.install_paths.push_back(
      tree.Wheel("pandas", "pandas", "2.0", "cp311-cp311-any",
                 "pandas/__init__.py,,\npandas/_x.cpython-311.so,,\n"));
  EXPECT_TRUE(ReadContents(environment).has_compiled_files);
}

TEST(EnvironmentContentsTest, LooksWhereNobodyWroteAnything) {
  const TemporaryTree tree;
  tree.File("lib/single.py");
  tree.File("lib/package/__init__.py");
  tree.File("lib/package/deep/_fast.so");
  tree.File("lib/data/table.csv");
  tree.File("lib/tests/__init__.py");
  Environment environment;
  environment.install_paths = {tree.Path("lib")};
  const EnvironmentContents contents = ReadContents(environment);
  EXPECT_THAT(contents.import_names, ElementsAre("package", "single"));
  EXPECT_TRUE(contents.has_compiled_files);
  environment.install_paths = {tree.Path("nowhere")};
  EXPECT_THAT(ReadContents(environment).import_names, IsEmpty());
}

}  // namespace
}  // namespace envknit
