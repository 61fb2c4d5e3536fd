#include "server/app/command_line.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Command Parse(const std::vector<std::string>& arguments) {
  ProcessContext context;
  context.working_directory = "/";
  context.uid = 1000;
  return ParseCommandLine(arguments, context);
}

TEST(CommandLineTest, NothingIsWrongUsage) {
  const Command command = Parse({});
  EXPECT_EQ(command.exit_code, kExitUsage);
  EXPECT_THAT(command.text, StartsWith("usage: envknitd"));
}

TEST(CommandLineTest, UnknownCommandNamesANearOne) {
  const Command command = Parse({"server"});
  EXPECT_FALSE(command.serve);
  EXPECT_EQ(command.exit_code, kExitUsage);
  EXPECT_THAT(command.text, HasSubstr("did you mean serve?"));
}

TEST(CommandLineTest, WrongFlagIsWrongUsage) {
  const Command command = Parse({"serve", "--nope"});
  EXPECT_EQ(command.exit_code, kExitUsage);
  EXPECT_THAT(command.text, HasSubstr("--nope"));
}

TEST(CommandLineTest, ConfigThatIsNotThereHasFailed) {
  const Command command = Parse({"serve", "--config", "/nonexistent.yaml"});
  EXPECT_FALSE(command.serve);
  EXPECT_EQ(command.exit_code, kExitFailed);
}

TEST(CommandLineTest, HelpAndVersionAreClean) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"help"}, {"serve", "--help"}}) {
    const Command command = Parse(arguments);
    EXPECT_EQ(command.exit_code, kExitClean);
    EXPECT_THAT(command.text, HasSubstr("envknitd serve --lock"));
  }
  EXPECT_EQ(Parse({"--version"}).text, "envknitd " ENVKNIT_VERSION "\n");
}

TEST(CommandLineTest, ServeHasItsConfiguration) {
  const Command command =
      Parse({"serve", "--lock", "/e/lock.yaml", "--socket", "/e/s"});
  ASSERT_TRUE(command.serve) << command.text;
  EXPECT_EQ(command.config.listen.unix_path, "/e/s");
  EXPECT_EQ(command.config.environments.lock,
            std::vector<std::string>{"/e/lock.yaml"});
}

}  // namespace
}  // namespace envknit
