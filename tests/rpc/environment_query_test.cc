#include "server/rpc/environment_query.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "envknit/v1/target.pb.h"
#include "server/base/annotated_status.h"

namespace envknit {
namespace {

using testing::ElementsAre;

TEST(EnvironmentQueryTest, RefusesWhatSelectsNothing) {
  for (const std::string& bytes : {std::string(), std::string("\xff")}) {
    const auto query = ParseEnvironmentQuery(bytes);
    ASSERT_FALSE(query.ok());
    const auto detail = GetErrorDetail(query.status());
    EXPECT_EQ(detail->reason, ErrorReason::kInvalidRequest);
    EXPECT_EQ(detail->metadata.at("field"), "environment");
  }
}

TEST(EnvironmentQueryTest, ReadsAName) {
  v1::EnvironmentSelector selector;
  selector.set_name("ml");
  const auto query = ParseEnvironmentQuery(selector.SerializeAsString());
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(std::get<EnvironmentByName>(*query).name, "ml");
}

TEST(EnvironmentQueryTest, ReadsAPackage) {
  v1::EnvironmentSelector selector;
  selector.mutable_package()->set_name("numpy");
  selector.mutable_package()->set_version("1.26.4");
  selector.mutable_package()->set_environment("ml");
  const auto query = ParseEnvironmentQuery(selector.SerializeAsString());
  ASSERT_TRUE(query.ok());
  const auto& package = std::get<EnvironmentByPackage>(*query);
  EXPECT_EQ(package.name, "numpy");
  EXPECT_EQ(package.version, "1.26.4");
  EXPECT_EQ(package.environment, "ml");
}

TEST(EnvironmentQueryTest, ReadsEverythingOfAnInlineEnvironment) {
  v1::EnvironmentSelector selector;
  v1::InlineEnvironment* from = selector.mutable_inline_();
  from->set_name("mine");
  from->set_interpreter("/p");
  from->add_install_paths("/b");
  from->add_install_paths("/a");
  from->add_packages()->set_name("numpy");
  from->mutable_packages(0)->set_version("2.2.6");
  from->set_preferred_python("3.11");
  from->mutable_known_interpreter()->set_path("/k");
  from->mutable_known_interpreter()->set_version("3.11.7");
  from->mutable_known_interpreter()->set_soabi("cpython-311-x86_64");
  const auto query = ParseEnvironmentQuery(selector.SerializeAsString());
  ASSERT_TRUE(query.ok());
  const auto& to = std::get<InlineEnvironment>(*query);
  EXPECT_EQ(to.name, "mine");
  EXPECT_EQ(to.interpreter, "/p");
  EXPECT_THAT(to.install_paths, ElementsAre("/b", "/a"));
  ASSERT_EQ(to.packages.size(), 1u);
  EXPECT_EQ(to.packages[0].name, "numpy");
  EXPECT_EQ(to.packages[0].version, "2.2.6");
  EXPECT_EQ(to.preferred_python, "3.11");
  EXPECT_EQ(to.known_interpreter.path, "/k");
  EXPECT_EQ(to.known_interpreter.version, "3.11.7");
  EXPECT_EQ(to.known_interpreter.soabi, "cpython-311-x86_64");
}

}  // namespace
}  // namespace envknit
