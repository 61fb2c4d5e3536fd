#include "server/rpc/handle_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/rpc/fake_pools.h"

namespace envknit {
namespace {

CallResult Expired(const std::string& epoch) {
  CallResult result;
  result.worker.epoch = 7;
  result.status =
      MakeError(ErrorReason::kHandleExpired, "the handle has expired",
                {{"handle", "3"}, {"epoch", epoch}});
  return result;
}

ErrorDetail DetailFor(const CallResult& result, const FakePools& pools) {
  return *GetErrorDetail(ClientStatus(result, pools, "here"));
}

TEST(HandleErrorsTest, HandleOfALivingWorkerIsInTheWrongPlace) {
  FakePools pools;
  pools.SetAlive(9);
  const ErrorDetail detail = DetailFor(Expired("9"), pools);
  EXPECT_EQ(detail.reason, ErrorReason::kCrossWorker);
  EXPECT_EQ(detail.metadata.at("handle"), "3");
  EXPECT_EQ(detail.metadata.at("instance"), "here");
}

TEST(HandleErrorsTest, HandleOfADeadWorkerHasExpired) {
  FakePools pools;
  const ErrorDetail detail = DetailFor(Expired("9"), pools);
  EXPECT_EQ(detail.reason, ErrorReason::kHandleExpired);
  EXPECT_EQ(detail.metadata.at("instance"), "here");
}

TEST(HandleErrorsTest, ReleasedHandleOfTheSameWorkerHasExpired) {
  FakePools pools;
  pools.SetAlive(7);
  EXPECT_EQ(DetailFor(Expired("7"), pools).reason, ErrorReason::kHandleExpired);
}

TEST(HandleErrorsTest, EpochThatIsNoNumberHasExpired) {
  FakePools pools;
  EXPECT_EQ(DetailFor(Expired("x"), pools).reason, ErrorReason::kHandleExpired);
}

TEST(HandleErrorsTest, OtherErrorsAndSuccessAreLeftAlone) {
  FakePools pools;
  CallResult result;
  EXPECT_TRUE(ClientStatus(result, pools, "here").ok());
  result.status = MakeError(ErrorReason::kNotByValue, "no", {{"path", "$"}});
  EXPECT_EQ(ClientStatus(result, pools, "here"), result.status);
}

}  // namespace
}  // namespace envknit
