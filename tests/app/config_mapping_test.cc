#include "server/app/config_mapping.h"

#include <unistd.h>

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/real_clock.h"

namespace envknit {
namespace {

using testing::ElementsAre;

TEST(ConfigMappingTest, LockFileThatIsNotThereFails) {
  ServerConfig config;
  config.environments.lock = {"/nonexistent/envknit.lock.yaml"};
  EXPECT_FALSE(EnvironmentOptions(config, {}, "/runtime").ok());
}

TEST(ConfigMappingTest, PythonsAreSearchedInPrefixesAndPath) {
  ServerConfig config;
  config.environments.allow_inline = true;
  config.environments.python_prefixes = {"/opt/py"};
  ProcessContext context;
  context.environment["PATH"] = "/a::/b";
  const auto options = EnvironmentOptions(config, context, "/nonexistent");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->allow_inline);
  EXPECT_THAT(options->places.prefixes, ElementsAre("/opt/py"));
  EXPECT_THAT(options->places.search_path, ElementsAre("/a", "/b"));
}

TEST(ConfigMappingTest, EveryPoolLimitIsTheConfigured) {
  ServerConfig config;
  config.pool.max_workers = 3;
  config.pool.queue_calls = 4;
  config.pool.queue_bytes = 5;
  config.pool.idle_timeout = absl::Seconds(6);
  config.deadline.grace = absl::Seconds(7);
  const PoolOptions options = PoolLimits(config);
  EXPECT_EQ(options.max_workers, 3);
  EXPECT_EQ(options.queue_calls, 4);
  EXPECT_EQ(options.queue_bytes, 5);
  EXPECT_EQ(options.idle_timeout, absl::Seconds(6));
  EXPECT_EQ(options.grace, absl::Seconds(7));
}

TEST(ConfigMappingTest, EveryRpcLimitIsTheConfigured) {
  ServerConfig config;
  config.limits.message_bytes = 1000;
  config.limits.handles = 5;
  config.deadline.default_timeout = absl::Seconds(2);
  config.deadline.max = absl::Seconds(3);
  config.start_timeout = absl::Seconds(4);
  const RpcBackend shared = BackendOptions(config);
  EXPECT_EQ(shared.limits.message_bytes, 1000);
  EXPECT_EQ(shared.limits.handles, 5);
  EXPECT_EQ(shared.deadlines.default_timeout, absl::Seconds(2));
  EXPECT_EQ(shared.deadlines.max_timeout, absl::Seconds(3));
  EXPECT_EQ(shared.deadlines.default_start_timeout, absl::Seconds(4));
  EXPECT_EQ(shared.limits.stream_grace, absl::Seconds(10));
  config.private_mode.enabled = true;
  EXPECT_EQ(BackendOptions(config).limits.stream_grace, absl::ZeroDuration());
}

TEST(ConfigMappingTest, WorkersKnowLimitsAndInstance) {
  ServerConfig config;
  config.limits.message_bytes = 1000;
  config.limits.handles = 5;
  const RealClock clock;
  NullLogger logger;
  FdWriter writer(STDERR_FILENO);
  const SubprocessWorkerOptions options =
      WorkerOptions(config, {"abc", 1}, &clock, &logger, &writer);
  EXPECT_EQ(options.limits.message_bytes, 1000u);
  EXPECT_EQ(options.limits.handles, 5u);
  EXPECT_EQ(options.instance, "abc");
  EXPECT_NE(options.output({"env", 7}), nullptr);
}

TEST(InstanceIdTest, IsFreshAndItsTagIsNeverZero) {
  const auto one = MakeInstanceId();
  const auto two = MakeInstanceId();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->name, two->name);
  EXPECT_EQ(one->name.size(), 16u);
  EXPECT_NE(one->tag, 0u);
}

}  // namespace
}  // namespace envknit
