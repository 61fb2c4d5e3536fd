#include "server/config/config_file.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/config_keys.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string ErrorOf(const std::string& text) {
  const auto settings = ParseConfigFile(text, "c.yaml", "/etc");
  if (settings.ok()) return "accepted";
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(settings.status().message());
}

TEST(ConfigFileTest, SaysWhereAndWhatIsWrong) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"", "c.yaml:1:1: expected \"version: 1\""},
      {"[]", "found a list"},
      {"log: {level: info}", "c.yaml:1:1: no \"version\""},
      {"version: 2", "c.yaml:1:10: expected version 1, found \"2\""},
      {"version: [1]", "expected version 1"},
      {"version: 1\npool:\n  max_worker: 3",
       "c.yaml:3:3: unknown key \"pool.max_worker\"; did you mean "
       "pool.max_workers?"},
      {"version: 1\npoool:\n  x: 3", "c.yaml:2:1: unknown key \"poool\""},
      {"version: 1\nstart_timeot: 3s", "did you mean start_timeout?"},
      {"version: 1\nxyzzy: 3s", "unknown key \"xyzzy\""},
      {"version: 1\npool: 3", "expected the settings of \"pool\""},
      {"version: 1\npool: [max_workers]", "as a mapping, found a list"},
      {"version: 1\npool: {max_workers: [1]}",
       "c.yaml:2:21: expected one value for \"pool.max_workers\""},
      {"version: 1\nenvironments: {lock: a.yaml}",
       "expected a list for \"environments.lock\", such as [FILE]"},
      {"version: 1\nenvironments: {lock: [{a: b}]}", "expected a path"},
      {"version: 1\nenvironments: {lock: [\"\"]}", "expected a path"},
      {"version: 1\npool: {max_workers: 1, max_workers: 2}", "duplicate key"},
      {"version: 1\nstart_timeout: {x: 1}", "expected one value"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
  }
}

TEST(ConfigFileTest, ReadsScalarsListsAndWhereTheyStand) {
  const auto settings = ParseConfigFile(
      "version: 1\n"
      "environments:\n"
      "  lock: [a.yaml, /b.yaml]\n"
      "pool:\n"
      "  max_workers: 4\n"
      "start_timeout: 5s\n",
      "c.yaml", "/etc/envknit");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_THAT(*settings, SizeIs(3));
  const Setting& lock = settings->at(FindConfigKey("environments.lock"));
  EXPECT_THAT(lock.values, ElementsAre("a.yaml", "/b.yaml"));
  EXPECT_EQ(lock.directory, "/etc/envknit");
  const Setting& workers = settings->at(FindConfigKey("pool.max_workers"));
  EXPECT_THAT(workers.values, ElementsAre("4"));
  EXPECT_EQ(workers.origin, "c.yaml:5:16: pool.max_workers");
  EXPECT_THAT(settings->at(FindConfigKey("start_timeout")).values,
              ElementsAre("5s"));
}

TEST(ConfigFileTest, EmptyGroupsAndValuesSayNothing) {
  const auto settings = ParseConfigFile(
      "version: 1\npool:\nlog:\n  level:\nlisten: {tcp: ~}\n", "c.yaml", "/");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(*settings, IsEmpty());
}

}  // namespace
}  // namespace envknit
