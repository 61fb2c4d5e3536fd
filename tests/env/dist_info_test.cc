#include "server/env/dist_info.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(DistInfoTest, AMissingDirectoryHasNone) {
  EXPECT_THAT(ListDistInfos("/no/such/place"), IsEmpty());
  EXPECT_FALSE(FindDistInfo("/no/such/place", "x").has_value());
}

TEST(DistInfoTest, SkipsWhatIsNoDistInfo) {
  const TemporaryTree tree;
  tree.Directory("numpy");
  tree.Directory("numpy.libs");
  tree.Directory("noversion.dist-info");
  tree.File("x-1.0.egg-info/PKG-INFO");
  EXPECT_THAT(ListDistInfos(tree.root()), IsEmpty());
}

TEST(DistInfoTest, FindsByNormalizedName) {
  const TemporaryTree tree;
  tree.Directory("zope.interface-6.0.dist-info");
  tree.Directory("Ruamel_YAML_clib-0.2.8.dist-info");
  ASSERT_THAT(ListDistInfos(tree.root()), SizeIs(2));
  const auto found = FindDistInfo(tree.root(), "ruamel-yaml-clib");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->version, "0.2.8");
  EXPECT_EQ(found->directory, tree.Path("Ruamel_YAML_clib-0.2.8.dist-info"));
  EXPECT_TRUE(FindDistInfo(tree.root(), "zope-interface").has_value());
  EXPECT_FALSE(FindDistInfo(tree.root(), "zope").has_value());
}

TEST(ImportNamesTest, PreferTopLevelFile) {
  const TemporaryTree tree;
  tree.File("pillow-10.0.dist-info/top_level.txt", "PIL\r\n\nPIL\n a/b \n");
  tree.File("pillow-10.0.dist-info/RECORD", "other/x.py,,\n");
  EXPECT_THAT(ImportNamesOfPackage(tree.root(), "Pillow"), ElementsAre("PIL"));
}

TEST(ImportNamesTest, ComeFromRecordOtherwise) {
  const TemporaryTree tree;
  tree.File("x-1.dist-info/RECORD",
            "six.py,sha256=abc,1\n"
            "pkg/__init__.py,,\r\n"
            "pkg/data.txt,,\n"
            "onlydata/file.txt,,\n"
            "_speed.cpython-311-x86_64-linux-gnu.so,,\n"
            "\"with,comma/__init__.py\",,\n"
            "\"quo\"\"ted/__init__.py\",,\n"
            "namespace/sub/__init__.py,,\n"
            "x-1.dist-info/RECORD,,\n"
            "../../bin/tool.py,,\n"
            "__pycache__/six.cpython-311.pyc,,\n");
  EXPECT_THAT(ImportNamesOfPackage(tree.root(), "x"),
              ElementsAre("_speed", "namespace", "pkg", "six"));
}

TEST(ImportNamesTest, AreTheNameItselfWithoutMetadata) {
  const TemporaryTree tree;
  EXPECT_THAT(ImportNamesOfPackage(tree.root(), "my-package"),
              ElementsAre("my_package"));
}

TEST(WheelTagsTest, ReadsEachTag) {
  const TemporaryTree tree;
  tree.File("x-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_17_x86_64\r\n"
            "Tag: cp311-cp311-manylinux2014_x86_64\n");
  EXPECT_THAT(WheelTags(*FindDistInfo(tree.root(), "x")),
              ElementsAre("cp311-cp311-manylinux_2_17_x86_64",
                          "cp311-cp311-manylinux2014_x86_64"));
}

}  // namespace
}  // namespace envknit
