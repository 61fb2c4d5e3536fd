#include "server/env/lock_environment_store.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/env/fake_prober.h"
#include "tests/env/temporary_tree.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LockEnvironmentStoreTest : public ::testing::Test {
 protected:
  LockEnvironmentStoreTest() {
    prober_.Add(tree_.Executable("bin/python3.11"), "3.11.7");
    tree_.File("runtime/envknit_runtime.cpython-311-x86_64-linux-gnu.so");
    tree_.Directory("six");
    options_.places.search_path = {tree_.Path("bin")};
    options_.runtimes = RuntimeCatalog::Read(tree_.Path("runtime"));
    LockFile lock = *ParseLockFile(
        "environments:\n"
        "  good: [{name: six, version: 1.16.0, install_path: six}]\n"
        "  bad: [{name: gone, version: 1, install_path: gone}]\n",
        "f.yaml");
    ResolvePaths(lock, tree_.root(), {});
    options_.lock_files = {lock};
  }

  absl::StatusOr<std::shared_ptr<const Environment>> Resolve(
      const EnvironmentQuery& query) {
    LockEnvironmentStore store(options_, &prober_);
    return store.Resolve(query, IsolationRequest::kProcess);
  }

  ErrorReason ReasonOf(const EnvironmentQuery& query) {
    const auto environment = Resolve(query);
    EXPECT_FALSE(environment.ok());
    const auto detail = GetErrorDetail(environment.status());
    EXPECT_TRUE(detail.has_value()) << environment.status();
    return detail.has_value() ? detail->reason : ErrorReason::kInternal;
  }

  std::string FieldOf(const InlineEnvironment& query) {
    EXPECT_EQ(ReasonOf(query), ErrorReason::kInvalidRequest);
    const auto detail = GetErrorDetail(Resolve(query).status());
    return detail.has_value() ? detail->metadata.at("field") : "";
  }

  const TemporaryTree tree_;
  FakeProber prober_;
  LockEnvironmentStore::Options options_;
};

TEST_F(LockEnvironmentStoreTest, RefusesInlineUnlessAllowed) {
  InlineEnvironment query;
  query.install_paths = {tree_.Path("six")};
  EXPECT_EQ(ReasonOf(query), ErrorReason::kInlineDenied);
  options_.allow_inline = true;
  EXPECT_TRUE(Resolve(query).ok());
}

TEST_F(LockEnvironmentStoreTest, NamesTheFieldOfAMalformedInline) {
  options_.allow_inline = true;
  InlineEnvironment query;
  query.install_paths = {"relative"};
  EXPECT_EQ(FieldOf(query), "environment.inline.install_paths");
  query.install_paths = {std::string("/a\0b", 4)};
  EXPECT_EQ(FieldOf(query), "environment.inline.install_paths");
  query.install_paths.assign(10'001, "/");
  EXPECT_EQ(FieldOf(query), "environment.inline.install_paths");
  query = {};
  query.interpreter = "python3";
  EXPECT_EQ(FieldOf(query), "environment.inline.interpreter");
  query = {};
  query.known_interpreter.path = "python3";
  EXPECT_EQ(FieldOf(query), "environment.inline.known_interpreter.path");
  query.known_interpreter.path = "/python3";
  query.known_interpreter.version = "new";
  EXPECT_EQ(FieldOf(query), "environment.inline.known_interpreter");
}

TEST_F(LockEnvironmentStoreTest, ReportsWhatIsMissing) {
  EXPECT_EQ(ReasonOf(EnvironmentByName{"nope"}), ErrorReason::kEnvNotFound);
  EXPECT_EQ(ReasonOf(EnvironmentByPackage{"nope", "1", ""}),
            ErrorReason::kPackageNotLocked);
  EXPECT_EQ(ReasonOf(EnvironmentByName{"bad"}), ErrorReason::kEnvNotInstalled);
  options_.runtimes = RuntimeCatalog();
  EXPECT_EQ(ReasonOf(EnvironmentByName{"good"}),
            ErrorReason::kInterpreterNotFound);
}

TEST_F(LockEnvironmentStoreTest, ResolvesByNameAndByPackage) {
  const auto by_name = Resolve(EnvironmentByName{"good"});
  ASSERT_TRUE(by_name.ok()) << by_name.status();
  EXPECT_EQ((*by_name)->name, "good");
  EXPECT_EQ((*by_name)->interpreter.path, tree_.Path("bin/python3.11"));
  EXPECT_THAT((*by_name)->install_paths, ElementsAre(tree_.Path("six")));
  const auto by_package = Resolve(EnvironmentByPackage{"SIX", "1.16.0", ""});
  ASSERT_TRUE(by_package.ok()) << by_package.status();
  EXPECT_EQ((*by_package)->requested_package, "six");
  // The same code in the same order: one pool serves both.
  EXPECT_EQ((*by_package)->digest, (*by_name)->digest);
}

TEST_F(LockEnvironmentStoreTest, ResolvesInlineWithoutStartingAPython) {
  options_.allow_inline = true;
  tree_.Wheel("np", "numpy", "1.26.4", "cp311-cp311-any", "");
  InlineEnvironment query;
  query.install_paths = {tree_.Path("np"), tree_.Path("six"), tree_.Path("np")};
  query.packages = {{"NumPy", "1.26.4"}};
  query.preferred_python = "3.11";
  query.known_interpreter = MakeInterpreter("/client/python3", "3.11.4");
  const auto environment = Resolve(query);
  ASSERT_TRUE(environment.ok()) << environment.status();
  EXPECT_EQ((*environment)->name, "inline");
  EXPECT_EQ((*environment)->interpreter.path, "/client/python3");
  EXPECT_THAT((*environment)->install_paths,
              ElementsAre(tree_.Path("np"), tree_.Path("six")));
  EXPECT_EQ((*environment)->packages[0].normalized_name, "numpy");
  EXPECT_THAT(prober_.probed, IsEmpty());
}

TEST_F(LockEnvironmentStoreTest, ListsUsableAndUnusableAlike) {
  LockEnvironmentStore store(options_, &prober_);
  const auto listings = store.List();
  ASSERT_THAT(listings, SizeIs(2));
  EXPECT_EQ(listings[0].name, "good");
  EXPECT_TRUE(listings[0].problem.ok());
  ASSERT_NE(listings[0].environment, nullptr);
  EXPECT_EQ(listings[1].name, "bad");
  EXPECT_EQ(listings[1].environment, nullptr);
  EXPECT_THAT(std::string(listings[1].problem.message()), HasSubstr("gone"));
  EXPECT_THAT(listings[1].packages, SizeIs(1));
  store.List();
  EXPECT_THAT(prober_.probed, SizeIs(1));
}

}  // namespace
}  // namespace envknit
