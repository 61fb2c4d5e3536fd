#include "server/env/runtime_catalog.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RuntimeCatalogTest, AnUnreadableDirectoryIsEmpty) {
  const RuntimeCatalog catalog = RuntimeCatalog::Read("/no/such/place");
  EXPECT_THAT(catalog.Abis(), IsEmpty());
  EXPECT_EQ(catalog.PathFor("cpython-311"), "");
}

TEST(RuntimeCatalogTest, ListsModulesNewestFirst) {
  const TemporaryTree tree;
  const std::string path =
      tree.File("envknit_runtime.cpython-311-x86_64-linux-gnu.so");
  tree.File("envknit_runtime.cpython-39-x86_64-linux-gnu.so");
  tree.File("envknit_runtime.cpython-313t-x86_64-linux-gnu.so");
  tree.File("envknit_runtime.cpython-313-x86_64-linux-gnu.so");
  tree.File("envknit_runtime.abi3.so");
  tree.File("other.cpython-312-x86_64-linux-gnu.so");
  tree.File("bootstrap.py");
  const RuntimeCatalog catalog = RuntimeCatalog::Read(tree.root());
  EXPECT_THAT(catalog.Abis(), ElementsAre("cpython-313", "cpython-313t",
                                          "cpython-311", "cpython-39"));
  EXPECT_EQ(catalog.PathFor("cpython-311"), path);
  EXPECT_EQ(catalog.PathFor("cpython-312"), "");
}

TEST(VersionOfAbiTest, ReadsTheMinor) {
  EXPECT_EQ(VersionOfAbi("cpython-311"), "3.11");
  EXPECT_EQ(VersionOfAbi("cpython-313t"), "3.13");
  EXPECT_EQ(VersionOfAbi("cpython-39"), "3.9");
  for (const char* text : {"", "cpython-", "cpython-3", "pypy39-pp73", "311"}) {
    EXPECT_EQ(VersionOfAbi(text), "") << text;
  }
}

}  // namespace
}  // namespace envknit
