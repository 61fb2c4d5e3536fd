#include "server/env/compiled_files.h"

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AbiOfWheelTagTest, KnowsWhatIsBoundToOneMinor) {
  for (const char* tag :
       {"", "py3-none-any", "py2.py3-none-any", "cp39-abi3-manylinux1_x86_64",
        "py3-none-manylinux1_x86_64", "cp311-cp311", "cp311-cp-linux_x86_64",
        "cp311-cpx-linux_x86_64", "pp310-pypy310_pp73-linux_x86_64"}) {
    EXPECT_EQ(AbiOfWheelTag(tag), absl::nullopt) << tag;
  }
  EXPECT_EQ(AbiOfWheelTag("cp311-cp311-manylinux_2_17_x86_64"), "cpython-311");
  EXPECT_EQ(AbiOfWheelTag("cp313-cp313t-linux_x86_64"), "cpython-313t");
}

TEST(AbiOfFileNameTest, KnowsWhatIsBoundToOneMinor) {
  for (const char* name :
       {"", "x.so", "x.abi3.so", "libx.so.3", "x.py", "x.cpython-311.pyc",
        "x.cpython-.so", "x.cpython-abc.so"}) {
    EXPECT_EQ(AbiOfFileName(name), absl::nullopt) << name;
  }
  EXPECT_EQ(AbiOfFileName("_x.cpython-311-x86_64-linux-gnu.so"), "cpython-311");
  EXPECT_EQ(AbiOfFileName("_x.cpython-313t-x86_64-linux-gnu.so"),
            "cpython-313t");
  EXPECT_EQ(AbiOfFileName("_x.cpython-310.so"), "cpython-310");
}

TEST(FindAbisTest, PurePackagesHaveNone) {
  const TemporaryTree tree;
  EXPECT_THAT(FindAbis(tree.Path("nope")), IsEmpty());
  EXPECT_THAT(FindAbis(tree.root()), IsEmpty());
  tree.File("six.py");
  tree.File("pkg/deep/x.py");
  tree.File("pkg/fast.abi3.so");
  EXPECT_THAT(FindAbis(tree.root()), IsEmpty());
}

TEST(FindAbisTest, BelievesTheWheelsWithoutLookingAtFiles) {
  const TemporaryTree tree;
  tree.Wheel("", "numpy", "1.26.4", "cp311-cp311-linux_x86_64", "");
  tree.Wheel("", "six", "1.16", "py3-none-any", "");
  tree.File("numpy/core/_multiarray.cpython-312-x86_64-linux-gnu.so");
  EXPECT_THAT(FindAbis(tree.root()), ElementsAre("cpython-311"));
  tree.Wheel("", "scipy", "1.0", "cp310-cp310-linux_x86_64", "");
  EXPECT_THAT(FindAbis(tree.root()), ElementsAre("cpython-311", "cpython-310"));
}

TEST(FindAbisTest, LooksAtFileNamesWithoutWheels) {
  const TemporaryTree tree;
  tree.File("pkg/core/_x.cpython-312-x86_64-linux-gnu.so");
  EXPECT_THAT(FindAbis(tree.root()), ElementsAre("cpython-312"));
}

TEST(FindAbisTest, GivesUpInTreesThatAreTooLargeOrTooDeep) {
  const TemporaryTree tree;
  tree.File("a/b/c/d/e/_x.cpython-312-x86_64-linux-gnu.so");
  EXPECT_THAT(FindAbis(tree.root()), IsEmpty());
  // A link that leads back up must not be followed for ever.
  std::filesystem::create_directory_symlink(tree.root(), tree.Path("a/loop"));
  EXPECT_THAT(FindAbis(tree.root()), IsEmpty());
}

TEST(FindCExtensionTest, BelievesRecord) {
  const TemporaryTree tree;
  tree.Wheel("", "requests", "2.31.0", "py3-none-any",
             "requests/__init__.py,,\n");
  // A compiled dependency in the same directory is not the package's own.
  tree.Wheel("", "charset_normalizer", "3.0", "cp311-cp311-linux_x86_64",
             "charset_normalizer/md.cpython-311-x86_64-linux-gnu.so,,\n");
  tree.File("charset_normalizer/md.cpython-311-x86_64-linux-gnu.so");
  EXPECT_EQ(FindCExtension(tree.root(), "requests"), absl::nullopt);
  EXPECT_EQ(FindCExtension(tree.root(), "Charset.Normalizer"),
            "charset_normalizer/md.cpython-311-x86_64-linux-gnu.so");
}

TEST(FindCExtensionTest, LooksUnderImportNamesWithoutRecord) {
  const TemporaryTree tree;
  tree.File("x-1.dist-info/top_level.txt", "xpkg\n_xfast\n");
  tree.File("other/y.so");
  EXPECT_EQ(FindCExtension(tree.root(), "x"), absl::nullopt);
  tree.File("_xfast.abi3.so");
  EXPECT_EQ(FindCExtension(tree.root(), "x"), "_xfast.abi3.so");
  tree.File("xpkg/sub/z.pyd");
  EXPECT_THAT(FindCExtension(tree.root(), "x"),
              ::testing::AnyOf("_xfast.abi3.so", "xpkg/sub/z.pyd"));
}

TEST(FindCExtensionTest, LooksAtEverythingWithoutDistInfo) {
  const TemporaryTree tree;
  tree.File("pkg/__init__.py");
  EXPECT_EQ(FindCExtension(tree.root(), "x"), absl::nullopt);
  tree.File("deep/a/b/c/d/e/f.so");
  EXPECT_EQ(FindCExtension(tree.root(), "x"), "deep/a/b/c/d/e/f.so");
}

}  // namespace
}  // namespace envknit
