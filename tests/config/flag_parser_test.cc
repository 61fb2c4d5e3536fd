#include "server/config/flag_parser.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<ServeFlags> Parse(const std::vector<std::string>& words) {
  return ParseServeFlags(words, "/start");
}

std::string ErrorOf(const std::vector<std::string>& words) {
  const auto flags = Parse(words);
  if (flags.ok()) return "accepted";
  EXPECT_EQ(flags.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(flags.status().message());
}

const Setting& Find(const ServeFlags& flags, const char* key) {
  static const auto& missing = *new Setting();
  const auto it = flags.settings.find(FindConfigKey(key));
  return it == flags.settings.end() ? missing : it->second;
}

TEST(FlagParserTest, NamesWhatIsWrong) {
  const struct {
    std::vector<std::string> words;
    const char* error;
  } cases[] = {
      {{"--lok", "x"}, "unknown flag --lok; did you mean --lock?"},
      {{"--pool-max-worker=3"}, "did you mean --pool-max-workers?"},
      {{"--xyzzy"}, "unknown flag --xyzzy"},
      {{"file.yaml"}, "unexpected \"file.yaml\"; every setting is a flag"},
      {{"-x"}, "unexpected \"-x\""},
      {{"--"}, "unexpected \"--\""},
      {{"--lock"}, "--lock needs a value: --lock FILE"},
      {{"--lock", "--private"}, "--lock needs a value"},
      {{"--lock="}, "--lock needs a value"},
      {{"--private=1"}, "--private takes no value"},
      {{"--death-fd", "x"}, "--death-fd: expected a whole number"},
      {{"--death-fd", "-1"}, "--death-fd: expected a whole number"},
      {{"--client-pid", "0"}, "--client-pid: expected a whole number from 1"},
      {{"--notify-fd", "99999999999"}, "--notify-fd: expected a whole number"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ErrorOf(c.words), HasSubstr(c.error)) << c.words[0];
  }
}

TEST(FlagParserTest, ReadsBothFormsOfValues) {
  const auto flags = Parse({"--socket", "/s", "--tcp=127.0.0.1:1", "--config",
                            "c.yaml", "--insecure-tcp", "--notify-fd=5"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_THAT(Find(*flags, "listen.unix").values, ElementsAre("/s"));
  EXPECT_EQ(Find(*flags, "listen.unix").origin, "--socket");
  EXPECT_EQ(Find(*flags, "listen.unix").directory, "/start");
  EXPECT_THAT(Find(*flags, "listen.tcp").values, ElementsAre("127.0.0.1:1"));
  EXPECT_EQ(flags->config_file, "c.yaml");
  EXPECT_TRUE(flags->insecure_tcp);
  EXPECT_EQ(flags->notify_fd, 5);
  EXPECT_FALSE(flags->private_mode.enabled);
}

TEST(FlagParserTest, ListsGrowAndOthersAreReplaced) {
  const auto flags = Parse({"--lock", "a", "--log-level", "debug", "--lock=b",
                            "--log-level", "error"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_THAT(Find(*flags, "environments.lock").values, ElementsAre("a", "b"));
  EXPECT_THAT(Find(*flags, "log.level").values, ElementsAre("error"));
}

TEST(FlagParserTest, SwitchesNeedNoValue) {
  auto flags = Parse({"--environments-allow-inline", "--lock", "x"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_THAT(Find(*flags, "environments.allow_inline").values,
              ElementsAre("true"));
  flags = Parse({"--environments-allow-inline=false"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_THAT(Find(*flags, "environments.allow_inline").values,
              ElementsAre("false"));
}

TEST(FlagParserTest, ReadsPrivateMode) {
  const auto flags =
      Parse({"--private", "--death-fd", "7", "--client-pid", "123"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_TRUE(flags->private_mode.enabled);
  EXPECT_EQ(flags->private_mode.death_fd, 7);
  EXPECT_EQ(flags->private_mode.client_pid, 123);
}

TEST(ServeHelpTest, HasExamplesFirstAndEveryFlagOnceWithItsDefault) {
  const std::string help = ServeHelp();
  // Lines break anywhere.
  const std::string unbroken = absl::StrReplaceAll(help, {{"\n      ", " "}});
  EXPECT_THAT(help, StartsWith("usage: envknitd serve"));
  EXPECT_LT(help.find("Examples"), help.find("\nlisten\n"));
  std::set<std::string> flags;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(flags.insert(key.Flag()).second) << key.Flag();
    EXPECT_THAT(help, HasSubstr(absl::StrCat("\n  --", key.Flag())));
    EXPECT_THAT(help, HasSubstr(key.name));
    if (!key.default_value.empty()) {
      EXPECT_THAT(unbroken,
                  HasSubstr(absl::StrCat("default ", key.default_value)));
    }
  }
  for (const ServeOnlyFlag& flag : ServeOnlyFlags()) {
    EXPECT_TRUE(flags.insert(std::string(flag.name)).second) << flag.name;
    EXPECT_THAT(help, HasSubstr(absl::StrCat("\n  --", flag.name)));
  }
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"-h"})->help);
}

TEST(ServeHelpTest, FitsATerminal) {
  for (const absl::string_view line : absl::StrSplit(ServeHelp(), '\n')) {
    // "…" is three bytes and one column.
    EXPECT_LE(line.size(), 82u) << line;
  }
}

}  // namespace
}  // namespace envknit
