#include "server/config/load_server_config.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/config_keys.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoadServerConfigTest : public ::testing::Test {
 protected:
  LoadServerConfigTest()
      : directory_(::testing::TempDir() + "load_server_config_test") {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    context_.environment = {{"HOME", "/people/x"}, {"PATH", "/bin"}};
    context_.working_directory = "/cwd";
    context_.uid = 7;
    context_.pid = 99;
  }
  ~LoadServerConfigTest() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<ServerConfig> Load(const std::vector<std::string>& words) {
    const auto flags = ParseServeFlags(words, context_.working_directory);
    if (!flags.ok()) return flags.status();
    return LoadServerConfig(*flags, context_);
  }

  std::string ErrorOf(const std::vector<std::string>& words) {
    const auto config = Load(words);
    if (config.ok()) return "accepted";
    EXPECT_EQ(ExitCodeOf(config.status()), 2) << config.status();
    return std::string(config.status().message());
  }

  std::string WriteConfig(const std::string& text) {
    const std::string path = directory_ + "/c.yaml";
    std::ofstream(path) << text;
    return path;
  }

  const std::string directory_;
  ProcessContext context_;
};

TEST_F(LoadServerConfigTest, NamesTheSourceOfAWrongValue) {
  EXPECT_THAT(ErrorOf({"--lock", "a", "--deadline-default", "30"}),
              HasSubstr("--deadline-default: expected a duration"));
  EXPECT_THAT(ErrorOf({"--lock", "a", "--limits-handles", "-1"}),
              HasSubstr("--limits-handles: expected a whole number"));
  EXPECT_THAT(ErrorOf({"--lock", "a", "--log-level", "loud"}),
              HasSubstr("--log-level: expected debug, info, warning or error"));
  EXPECT_THAT(ErrorOf({"--lock", "a", "--log-format=xml"}),
              HasSubstr("--log-format: expected text or json"));
  EXPECT_THAT(ErrorOf({"--lock", "a", "--tcp", "he/re"}),
              HasSubstr("--tcp: expected an address such as"));
  context_.environment["ENVKNITD_POOL_MAX_WORKERS"] = "many";
  EXPECT_THAT(ErrorOf({"--lock", "a"}),
              HasSubstr("ENVKNITD_POOL_MAX_WORKERS: expected a whole number"));
  context_.environment.erase("ENVKNITD_POOL_MAX_WORKERS");
  const std::string path = WriteConfig("version: 1\nlimits:\n  message: big\n");
  EXPECT_THAT(ErrorOf({"--lock", "a", "--config", path}),
              HasSubstr("c.yaml:3:12: limits.message: expected a size"));
}

TEST_F(LoadServerConfigTest, AMissingConfigFileIsAFailureNotUsage) {
  const auto config = Load({"--lock", "a", "--config", "/nope.yaml"});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(ExitCodeOf(config.status()), 1);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("/nope.yaml"));
}

TEST_F(LoadServerConfigTest, RefusesToServeNothing) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("nothing to serve"));
}

TEST_F(LoadServerConfigTest, RefusesTcpBeyondLoopbackUnlessToldTo) {
  EXPECT_THAT(ErrorOf({"--lock", "a", "--tcp", ":50551"}),
              HasSubstr("can be reached from other machines"));
  context_.environment["ENVKNITD_LISTEN_TCP"] = "0.0.0.0:1";
  EXPECT_THAT(ErrorOf({"--lock", "a"}), HasSubstr("--insecure-tcp"));
  const auto config = Load({"--lock", "a", "--insecure-tcp"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen.tcp, "0.0.0.0:1");
}

TEST_F(LoadServerConfigTest, PrivateModeNeedsSomethingThatEndsIt) {
  EXPECT_THAT(ErrorOf({"--private"}), HasSubstr("--private needs"));
  EXPECT_THAT(ErrorOf({"--lock", "a", "--client-pid", "5"}),
              HasSubstr("need --private"));
}

TEST_F(LoadServerConfigTest, DefaultsAreThoseOfTheTable) {
  const auto config = Load({"--lock", "a"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen.unix_path, "/tmp/envknit-7/envknitd.sock");
  EXPECT_EQ(config->listen.own_directory, "/tmp/envknit-7");
  EXPECT_EQ(config->listen.tcp, "");
  EXPECT_THAT(config->environments.lock, ElementsAre("/cwd/a"));
  EXPECT_FALSE(config->environments.allow_inline);
  EXPECT_THAT(config->environments.python_prefixes, IsEmpty());
  EXPECT_EQ(config->pool.max_workers, 16);
  EXPECT_EQ(config->pool.queue_calls, 1000);
  EXPECT_EQ(config->pool.queue_bytes, 256 << 20);
  EXPECT_EQ(config->pool.idle_timeout, absl::Minutes(10));
  EXPECT_EQ(config->deadline.default_timeout, absl::Seconds(30));
  EXPECT_EQ(config->deadline.max, absl::Hours(24));
  EXPECT_EQ(config->deadline.grace, absl::Seconds(1));
  EXPECT_EQ(config->limits.message_bytes, 16 << 20);
  EXPECT_EQ(config->limits.handles, 10'000);
  EXPECT_EQ(config->start_timeout, absl::Seconds(60));
  EXPECT_EQ(config->log.level, LogLevel::kInfo);
  EXPECT_EQ(config->log.format, LogFormat::kText);
  EXPECT_EQ(config->notify_fd, -1);
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST_F(LoadServerConfigTest, APrivateDaemonHasItsOwnDefaultsAndSocket) {
  const auto config = Load({"--private", "--death-fd", "3"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->environments.allow_inline);
  EXPECT_EQ(config->pool.max_workers, 0);
  EXPECT_EQ(config->limits.handles, 0);
  EXPECT_EQ(config->listen.unix_path, "/tmp/envknit-7/private-99.sock");
  EXPECT_EQ(config->private_mode.death_fd, 3);
  const auto limited =
      Load({"--private", "--death-fd", "3", "--pool-max-workers", "2"});
  ASSERT_TRUE(limited.ok()) << limited.status();
  EXPECT_EQ(limited->pool.max_workers, 2);
}

TEST_F(LoadServerConfigTest, FlagsWinOverVariablesOverFileOverDefaults) {
  const std::string path = WriteConfig(
      "version: 1\n"
      "pool: {max_workers: 1, queue_calls: 1, queue_bytes: 1}\n"
      "environments: {lock: [lock.yaml, ~/home.yaml]}\n");
  context_.environment["ENVKNITD_POOL_MAX_WORKERS"] = "2";
  context_.environment["ENVKNITD_POOL_QUEUE_CALLS"] = "2";
  context_.environment["ENVKNITD_POOL_IDLE_TIMEOUT"] = "";
  const auto config = Load({"--config", path, "--pool-max-workers", "3"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->pool.max_workers, 3);
  EXPECT_EQ(config->pool.queue_calls, 2);
  EXPECT_EQ(config->pool.queue_bytes, 1);
  EXPECT_EQ(config->pool.idle_timeout, absl::Minutes(10));
  EXPECT_THAT(config->environments.lock,
              ElementsAre(directory_ + "/lock.yaml", "/people/x/home.yaml"));
}

TEST_F(LoadServerConfigTest, EveryKeyCanBeAVariable) {
  context_.environment.insert({{"ENVKNITD_LISTEN_UNIX", "/s"},
                               {"ENVKNITD_LISTEN_TCP", "127.0.0.1:1"},
                               {"ENVKNITD_ENVIRONMENTS_LOCK", "/a:b"},
                               {"ENVKNITD_ENVIRONMENTS_ALLOW_INLINE", "true"},
                               {"ENVKNITD_ENVIRONMENTS_PYTHON_PREFIXES", "/p"},
                               {"ENVKNITD_POOL_MAX_WORKERS", "1"},
                               {"ENVKNITD_POOL_QUEUE_CALLS", "2"},
                               {"ENVKNITD_POOL_QUEUE_BYTES", "3"},
                               {"ENVKNITD_POOL_IDLE_TIMEOUT", "4s"},
                               {"ENVKNITD_DEADLINE_DEFAULT", "5s"},
                               {"ENVKNITD_DEADLINE_MAX", "6s"},
                               {"ENVKNITD_DEADLINE_GRACE", "7s"},
                               {"ENVKNITD_LIMITS_MESSAGE", "8"},
                               {"ENVKNITD_LIMITS_HANDLES", "10"},
                               {"ENVKNITD_START_TIMEOUT", "9s"},
                               {"ENVKNITD_LOG_LEVEL", "debug"},
                               {"ENVKNITD_LOG_FORMAT", "json"}});
  const auto config = Load({});
  ASSERT_TRUE(config.ok()) << config.status();
  // All of the table, so that a new key can't be forgotten here.
  std::vector<std::string> warnings;
  EXPECT_THAT(ReadEnvironmentSettings(context_, warnings),
              SizeIs(ConfigKeys().size()));
  EXPECT_EQ(config->listen.unix_path, "/s");
  EXPECT_EQ(config->listen.own_directory, "");
  EXPECT_EQ(config->listen.tcp, "127.0.0.1:1");
  EXPECT_THAT(config->environments.lock, ElementsAre("/a", "/cwd/b"));
  EXPECT_TRUE(config->environments.allow_inline);
  EXPECT_THAT(config->environments.python_prefixes, ElementsAre("/p"));
  EXPECT_EQ(config->pool.max_workers, 1);
  EXPECT_EQ(config->pool.queue_calls, 2);
  EXPECT_EQ(config->pool.queue_bytes, 3);
  EXPECT_EQ(config->pool.idle_timeout, absl::Seconds(4));
  EXPECT_EQ(config->deadline.default_timeout, absl::Seconds(5));
  EXPECT_EQ(config->deadline.max, absl::Seconds(6));
  EXPECT_EQ(config->deadline.grace, absl::Seconds(7));
  EXPECT_EQ(config->limits.message_bytes, 8);
  EXPECT_EQ(config->limits.handles, 10);
  EXPECT_EQ(config->start_timeout, absl::Seconds(9));
  EXPECT_EQ(config->log.level, LogLevel::kDebug);
  EXPECT_EQ(config->log.format, LogFormat::kJson);
}

TEST_F(LoadServerConfigTest, UnknownVariablesAreOnlyWarnedAbout) {
  context_.environment["ENVKNITD_PORT"] = "tcp://10.0.0.1:50551";
  context_.environment["ENVKNITD_LOG_LEVLE"] = "debug";
  context_.environment["ENVKNIT_HOME"] = "/x";
  const auto config = Load({"--lock", "a"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(
      config->warnings,
      ElementsAre(HasSubstr("did you mean ENVKNITD_LOG_LEVEL?"),
                  HasSubstr("ENVKNITD_PORT is no setting and is ignored")));
}

TEST_F(LoadServerConfigTest, SaysWhenTheSocketHadToBeRenamed) {
  const std::string folder = "/run/" + std::string(120, 'd');
  const auto config = Load({"--lock", "a", "--socket", folder + "/x.sock"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen.own_directory, "/tmp/envknit-7");
  EXPECT_THAT(config->listen.unix_path, EndsWith(".sock"));
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("more than 107 bytes")));
}

TEST(ReadProcessContextTest, KnowsThisProcess) {
  const ProcessContext context = ReadProcessContext();
  EXPECT_EQ(context.pid, ::getpid());
  EXPECT_EQ(context.working_directory,
            std::filesystem::current_path().string());
  EXPECT_TRUE(context.environment.contains("PATH"));
}

}  // namespace
}  // namespace envknit
