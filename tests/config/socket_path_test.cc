#include "server/config/socket_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class SocketPathTest : public ::testing::Test {
 protected:
  SocketPathTest() : base_(::testing::TempDir() + "socket_path_test") {
    std::filesystem::remove_all(base_);
    std::filesystem::create_directory(base_);
  }
  ~SocketPathTest() override { std::filesystem::remove_all(base_); }

  std::string ErrorOf(const std::string& directory) {
    return std::string(PrepareSocketDirectory(directory).message());
  }

  const std::string base_;
};

TEST_F(SocketPathTest, RefusesAPlaceThatIsNoDirectory) {
  const std::string file = base_ + "/file";
  std::ofstream(file) << "x";
  EXPECT_THAT(ErrorOf(file), HasSubstr("is not a directory"));
  const std::string link = base_ + "/link";
  std::filesystem::create_directory_symlink(base_, link);
  EXPECT_THAT(ErrorOf(link), HasSubstr("is not a directory"));
  EXPECT_THAT(ErrorOf(base_ + "/no/where"), HasSubstr("can't create"));
}

TEST_F(SocketPathTest, RefusesADirectoryOthersCanWriteTo) {
  const std::string open = base_ + "/open";
  ASSERT_EQ(::mkdir(open.c_str(), 0700), 0);
  for (const mode_t mode : {0770, 0702, 01777}) {
    ASSERT_EQ(::chmod(open.c_str(), mode), 0);
    EXPECT_THAT(ErrorOf(open), HasSubstr("lets others write"));
  }
}

TEST_F(SocketPathTest, RefusesADirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a folder away";
  const std::string foreign = base_ + "/foreign";
  ASSERT_EQ(::mkdir(foreign.c_str(), 0700), 0);
  ASSERT_EQ(::chown(foreign.c_str(), 12345, 12345), 0);
  EXPECT_THAT(ErrorOf(foreign), HasSubstr("belongs to user 12345"));
}

TEST_F(SocketPathTest, CreatesItForTheUserAlone) {
  const std::string fresh = base_ + "/fresh";
  ASSERT_TRUE(PrepareSocketDirectory(fresh).ok());
  struct stat info = {};
  ASSERT_EQ(::stat(fresh.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  EXPECT_TRUE(PrepareSocketDirectory(fresh).ok());
}

TEST(DefaultSocketDirectoryTest, TakesTheFirstThatIsSet) {
  EXPECT_EQ(DefaultSocketDirectory({}, 7), "/tmp/envknit-7");
  EXPECT_EQ(DefaultSocketDirectory({{"XDG_RUNTIME_DIR", "/run/user/7"}}, 7),
            "/run/user/7/envknit");
  EXPECT_EQ(DefaultSocketDirectory({{"XDG_RUNTIME_DIR", "/run/user/7"},
                                    {"ENVKNIT_RUNTIME_DIR", "/r"}},
                                   7),
            "/r");
  EXPECT_EQ(
      DefaultSocketDirectory(
          {{"XDG_RUNTIME_DIR", "relative"}, {"ENVKNIT_RUNTIME_DIR", ""}}, 7),
      "/tmp/envknit-7");
}

TEST(FitSocketPathTest, KeepsWhatFits) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(FitSocketPath(longest, 7), longest);
}

TEST(FitSocketPathTest, ShortensTheNameWhereTheFolderFits) {
  const std::string path = "/run/envknit/" + std::string(200, 'x') + ".sock";
  const std::string fitted = FitSocketPath(path, 7);
  EXPECT_THAT(fitted, MatchesRegex("/run/envknit/[0-9a-f]{16}\\.sock"));
  EXPECT_EQ(FitSocketPath(path, 7), fitted);
  EXPECT_NE(FitSocketPath(path + "y", 7), fitted);
}

TEST(FitSocketPathTest, LeavesAFolderThatIsTooLong) {
  const std::string fitted =
      FitSocketPath("/" + std::string(200, 'd') + "/x.sock", 7);
  EXPECT_THAT(fitted, AllOf(StartsWith("/tmp/envknit-7/"), EndsWith(".sock")));
  EXPECT_LE(fitted.size(), kMaxSocketPath);
}

}  // namespace
}  // namespace envknit
