#include "server/rpc/deadline.h"

#include "gtest/gtest.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);
const absl::Time kNever = absl::InfiniteFuture();

ErrorReason ReasonOf(const absl::Status& status) {
  return GetErrorDetail(status)->reason;
}

TEST(DeadlineTest, NegativeTimeoutIsAMistake) {
  const auto result = EffectiveDeadline(kNow, -absl::Seconds(1), kNever, {});
  EXPECT_EQ(ReasonOf(result.status()), ErrorReason::kInvalidRequest);
}

TEST(DeadlineTest, ZeroTimeoutHasExpired) {
  const auto result = EffectiveDeadline(kNow, absl::ZeroDuration(), kNever, {});
  EXPECT_EQ(ReasonOf(result.status()), ErrorReason::kDeadlineExpiredQueued);
  EXPECT_EQ(GetErrorDetail(result.status())->metadata.at("timeout_ms"), "0");
}

TEST(DeadlineTest, RpcDeadlineWithinTheMarginHasExpired) {
  const auto result =
      EffectiveDeadline(kNow, absl::nullopt, kNow + absl::Milliseconds(10), {});
  EXPECT_EQ(ReasonOf(result.status()), ErrorReason::kDeadlineExpiredQueued);
}

TEST(DeadlineTest, StartTimeoutMustBePositive) {
  EXPECT_FALSE(EffectiveStartTimeout(absl::ZeroDuration(), {}).ok());
  EXPECT_FALSE(EffectiveStartTimeout(-absl::Seconds(1), {}).ok());
}

TEST(DeadlineTest, SmallestOfAllCounts) {
  DeadlineLimits limits;
  limits.default_timeout = absl::Seconds(30);
  limits.max_timeout = absl::Seconds(100);
  const auto timeout = [&limits](absl::optional<absl::Duration> asked,
                                 absl::Time rpc) {
    return EffectiveDeadline(kNow, asked, rpc, limits)->timeout;
  };
  EXPECT_EQ(timeout(absl::nullopt, kNever), absl::Seconds(30));
  EXPECT_EQ(timeout(absl::Seconds(7), kNever), absl::Seconds(7));
  EXPECT_EQ(timeout(absl::Seconds(200), kNever), absl::Seconds(100));
  EXPECT_EQ(timeout(absl::InfiniteDuration(), kNever), absl::Seconds(100));
  EXPECT_EQ(timeout(absl::Seconds(7), kNow + absl::Seconds(5)),
            absl::Milliseconds(4990));
  // Who sets only gRPC's deadline gets all of it.
  EXPECT_EQ(timeout(absl::nullopt, kNow + absl::Seconds(60)),
            absl::Milliseconds(59990));
}

TEST(DeadlineTest, DeadlineIsNowAndTheTimeout) {
  const auto result = EffectiveDeadline(kNow, absl::Seconds(7), kNever, {});
  EXPECT_EQ(result->deadline, kNow + absl::Seconds(7));
}

TEST(DeadlineTest, StartTimeoutIsBounded) {
  EXPECT_EQ(*EffectiveStartTimeout(absl::nullopt, {}), absl::Seconds(60));
  EXPECT_EQ(*EffectiveStartTimeout(absl::Hours(5), {}), absl::Minutes(10));
}

}  // namespace
}  // namespace envknit
