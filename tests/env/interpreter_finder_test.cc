#include "server/env/interpreter_finder.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/env/fake_prober.h"
#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class InterpreterFinderTest : public ::testing::Test {
 protected:
  // An executable that says it is that version.
  std::string Python(const std::string& path, const std::string& version,
                     const std::string& special_build = "") {
    const std::string absolute = tree_.Executable(path);
    prober_.Add(absolute, version, special_build);
    return absolute;
  }

  InterpreterFinder Finder() {
    return InterpreterFinder(
        &prober_,
        {{tree_.Path("prefix")}, {tree_.Path("bin1"), tree_.Path("bin2")}},
        RuntimeCatalog::Read(tree_.Path("runtime")));
  }

  void Runtime(const std::string& number) {
    tree_.File("runtime/envknit_runtime.cpython-" + number +
               "-x86_64-linux-gnu.so");
  }

  static void ExpectNotFound(const absl::StatusOr<Interpreter>& interpreter,
                             const std::string& wanted) {
    ASSERT_FALSE(interpreter.ok());
    const auto detail = GetErrorDetail(interpreter.status());
    ASSERT_TRUE(detail.has_value());
    EXPECT_EQ(detail->reason, ErrorReason::kInterpreterNotFound);
    EXPECT_THAT(detail->metadata, Contains(Pair("wanted", HasSubstr(wanted))));
  }

  const TemporaryTree tree_;
  FakeProber prober_;
};

TEST_F(InterpreterFinderTest, SaysWhatWasWantedAndWhereItLooked) {
  InterpreterFinder finder = Finder();
  const auto interpreter = finder.OfVersion("3.11");
  ExpectNotFound(interpreter, "Python 3.11");
  EXPECT_THAT(
      GetErrorDetail(interpreter.status())->metadata,
      Contains(Pair("looked", tree_.Path("prefix") + ":" + tree_.Path("bin1") +
                                  ":" + tree_.Path("bin2"))));
  EXPECT_THAT(prober_.probed, IsEmpty());
  ExpectNotFound(finder.OfAbi("cpython-313t"), "cpython-313t");
  ExpectNotFound(finder.AtPath(tree_.Path("bin1/nope")), "bin1/nope");
  ExpectNotFound(finder.AtPath(tree_.root()), tree_.root());
  ExpectNotFound(finder.OfVersion("3"), "3");
  EXPECT_THAT(std::string(finder.Newest().status().message()),
              HasSubstr("no worker runtime at all"));
  Runtime("311");
  ExpectNotFound(Finder().Newest(), "cpython-311");
}

TEST_F(InterpreterFinderTest, IgnoresWhatIsNotTheWantedPython) {
  tree_.Executable("bin1/python3.11");  // answers as nothing
  tree_.File("bin2/python3.11");        // not executable
  tree_.Directory("bin2/python3");
  Python("bin1/python3", "3.12.1");
  ExpectNotFound(Finder().OfVersion("3.11"), "3.11");
}

TEST_F(InterpreterFinderTest, PrefersPrefixesThenThePath) {
  Python("bin1/python3.11", "3.11.2");
  const std::string second = Python("prefix/bin/python3.11", "3.11.7");
  EXPECT_EQ(Finder().OfVersion("3.11")->path, second);
}

TEST_F(InterpreterFinderTest, SearchesFoldersOfInstallationsNewestFirst) {
  Python("prefix/versions/3.11.9/bin/python3.11", "3.11.9");
  const std::string newest =
      Python("prefix/versions/3.11.10/bin/python3.11", "3.11.10");
  Python("prefix/versions/3.12.1/bin/python3.12", "3.12.1");
  EXPECT_EQ(Finder().OfVersion("3.11")->path, newest);
  EXPECT_EQ(Finder().OfVersion("3.11.9")->version, "3.11.9");
  ExpectNotFound(Finder().OfVersion("3.11.8"), "3.11.8");
  const std::string store =
      Python("prefix/cpython-3.10.5-linux/bin/python3.10", "3.10.5");
  EXPECT_EQ(Finder().OfVersion("3.10")->path, store);
}

TEST_F(InterpreterFinderTest, AsksOnlyFilesThatMayFit) {
  const std::string other = Python("prefix/bin/python3.12", "3.12.1");
  std::filesystem::create_symlink(other, tree_.Path("prefix/bin/python3"));
  Python("bin2/python3.11", "3.11.7");
  ASSERT_TRUE(Finder().OfVersion("3.11").ok());
  EXPECT_THAT(prober_.probed, ElementsAre(tree_.Path("bin2/python3.11")));
}

TEST_F(InterpreterFinderTest, AsksEachFileOnceUntilItChanges) {
  const std::string path = Python("bin1/python3.11", "3.11.7");
  InterpreterFinder finder = Finder();
  ASSERT_TRUE(finder.OfVersion("3.11").ok());
  ASSERT_TRUE(finder.OfVersion("3.11").ok());
  ASSERT_TRUE(finder.AtPath(path).ok());
  EXPECT_THAT(prober_.probed, ElementsAre(path));
  tree_.Executable("bin1/python3.11", "another, longer file");
  prober_.Add(path, "3.11.8");
  EXPECT_EQ(finder.AtPath(path)->version, "3.11.8");
  EXPECT_THAT(prober_.probed, ElementsAre(path, path));
}

TEST_F(InterpreterFinderTest, AsksWrapperScriptsLast) {
  const std::string script = tree_.Executable("bin1/python3.11", "#!/bin/sh\n");
  prober_.Add(script, "3.11.1");
  const std::string binary = Python("bin2/python3", "3.11.7");
  EXPECT_EQ(Finder().OfVersion("3.11")->path, binary);
  EXPECT_THAT(prober_.probed, ElementsAre(binary));
}

TEST_F(InterpreterFinderTest, PrefersOneThatHasARuntime) {
  Runtime("313");
  Python("bin1/python3.13", "3.13.0", "t");
  const std::string ordinary = Python("bin2/python3.13", "3.13.0");
  const auto found = Finder().OfVersion("3.13");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->path, ordinary);
  EXPECT_EQ(
      found->runtime_path,
      tree_.Path("runtime/envknit_runtime.cpython-313-x86_64-linux-gnu.so"));
  // Without one, the first that fits, so that the error can name it.
  const auto threaded = Finder().OfAbi("cpython-313t");
  ASSERT_TRUE(threaded.ok()) << threaded.status();
  EXPECT_FALSE(threaded->has_runtime());
}

TEST_F(InterpreterFinderTest, NewestIsTheNewestThatIsHere) {
  Runtime("310");
  Runtime("311");
  Runtime("312");
  Python("bin1/python3.10", "3.10.1");
  const std::string newest = Python("bin1/python3.11", "3.11.1");
  Python("bin1/python3.13", "3.13.1");
  EXPECT_EQ(Finder().Newest()->path, newest);
}

TEST(SplitSearchPathTest, EmptyEntriesDontMeanTheWorkingDirectory) {
  EXPECT_THAT(SplitSearchPath(":/a::/b:"), ElementsAre("/a", "/b"));
  EXPECT_THAT(SplitSearchPath(""), IsEmpty());
}

}  // namespace
}  // namespace envknit
