#include "server/env/package_name.h"

#include "gtest/gtest.h"

namespace envknit {
namespace {

TEST(PackageNameTest, RefusesWhatCouldLeaveAFolder) {
  for (const char* name : {"", ".", "..", "-", "a/b", "../a", "a b", "a\n",
                           "a\\b", "näme", "a[extra]"}) {
    EXPECT_FALSE(IsPackageName(name)) << name;
  }
  for (const char* name :
       {"numpy", "A", "zope.interface", "_x", "py2-ipaddress", "3to2"}) {
    EXPECT_TRUE(IsPackageName(name)) << name;
  }
}

TEST(PackageNameTest, RefusesVersionsThatCouldLeaveAFolder) {
  for (const char* version : {"", "..", "1/2", "1 2", "1\\2", "1\n", "\"1\""}) {
    EXPECT_FALSE(IsPackageVersion(version)) << version;
  }
  for (const char* version : {"1.26.4", "2.0.0rc1", "1!2.0+local.1", "2024a"}) {
    EXPECT_TRUE(IsPackageVersion(version)) << version;
  }
}

TEST(PackageNameTest, NormalizesAsPep503Says) {
  EXPECT_EQ(NormalizePackageName("Zope.Interface"), "zope-interface");
  EXPECT_EQ(NormalizePackageName("a-_.-b"), "a-b");
  EXPECT_EQ(NormalizePackageName("ruamel.yaml"),
            NormalizePackageName("Ruamel_YAML"));
  EXPECT_NE(NormalizePackageName("ab"), NormalizePackageName("a-b"));
  EXPECT_EQ(NormalizePackageName(""), "");
}

}  // namespace
}  // namespace envknit
