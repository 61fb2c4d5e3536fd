#include "server/pool/pool_errors.h"

#include <csignal>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PoolErrorsTest, ACollateralCallMayBeRetried) {
  CallSpec call;
  call.target = "f";
  WorkerInfo worker;
  worker.pid = 7;
  WorkerExit exit;
  exit.signal = SIGKILL;
  const absl::Status own = WorkerCrashed(call, worker, exit);
  EXPECT_EQ(GetErrorDetail(own)->metadata.count("collateral"), 0U);
  EXPECT_THAT(std::string(own.message()),
              AllOf(HasSubstr("died during f"), Not(HasSubstr("retried"))));
  exit.collateral = true;
  const absl::Status others = WorkerCrashed(call, worker, exit);
  const auto detail = GetErrorDetail(others);
  EXPECT_EQ(detail->reason, ErrorReason::kWorkerCrashed);
  EXPECT_EQ(detail->metadata.at("collateral"), "true");
  EXPECT_EQ(detail->metadata.at("signal"), "9");
  EXPECT_THAT(std::string(others.message()),
              AllOf(HasSubstr("another interpreter"), HasSubstr("(pid 7)"),
                    HasSubstr("may be retried")));
}

}  // namespace
}  // namespace envknit
