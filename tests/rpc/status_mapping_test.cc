#include "server/rpc/status_mapping.h"

#include <string>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/rpc/rpc_fixture.h"

namespace envknit {
namespace {

using testing::EndsWith;
using testing::StartsWith;

TEST(StatusMappingTest, ErrorWithoutReasonIsOurFault) {
  const google::rpc::Status mapped =
      ToRpcStatus(absl::NotFoundError("no reason given"));
  EXPECT_EQ(mapped.code(), static_cast<int>(absl::StatusCode::kInternal));
  EXPECT_EQ(ErrorInfoOf(mapped).reason(), "INTERNAL");
  EXPECT_EQ(ErrorInfoOf(mapped).metadata().at("what"), "NOT_FOUND");
}

TEST(StatusMappingTest, BytesThatAreNoTextBecomeQuestionMarks) {
  const google::rpc::Status mapped =
      ToRpcStatus(MakeError(ErrorReason::kWorkerCrashed, "bad \xFF\xC3",
                            {{"stderr", "\xED\xA0\x80"}}));
  EXPECT_EQ(mapped.message(), "bad ??");
  EXPECT_EQ(ErrorInfoOf(mapped).metadata().at("stderr"), "???");
}

TEST(StatusMappingTest, TrailersStayBelowWhatClientsAccept) {
  std::string euros;
  for (int i = 0; i < 5000; ++i) euros += "\xE2\x82\xAC";
  const grpc::Status status =
      ToGrpcStatus(MakeError(ErrorReason::kWorkerCrashed, euros,
                             {{"stderr", euros + "the end"}, {"pid", "17"}}));
  EXPECT_LT(
      3 * status.error_message().size() + 4 * status.error_details().size() / 3,
      7000u);
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  EXPECT_EQ(info.metadata().at("pid"), "17");
  EXPECT_THAT(info.metadata().at("stderr"), EndsWith("the end"));
  EXPECT_THAT(status.error_message(), StartsWith("\xE2\x82\xAC"));
  EXPECT_THAT(status.error_message(), EndsWith("\xE2\x80\xA6"));
}

TEST(StatusMappingTest, StreamsGetLongTextsWhole) {
  const std::string tail(4096, 'x');
  EXPECT_EQ(ErrorInfoOf(ToRpcStatus(MakeError(ErrorReason::kWorkerCrashed,
                                              "died", {{"stderr", tail}})))
                .metadata()
                .at("stderr"),
            tail);
}

TEST(StatusMappingTest, SaysWhenToRetry) {
  const google::rpc::Status mapped = ToRpcStatus(MakeRetriableError(
      ErrorReason::kPoolExhausted, "full", absl::Milliseconds(2500)));
  EXPECT_EQ(mapped.code(),
            static_cast<int>(absl::StatusCode::kResourceExhausted));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(mapped.details_size(), 2);
  ASSERT_TRUE(mapped.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
  EXPECT_EQ(retry.retry_delay().nanos(), 500000000);
}

TEST(StatusMappingTest, EveryReasonHasItsNameAndCode) {
  for (const ErrorReason reason : AllErrorReasons()) {
    const grpc::Status status = ToGrpcStatus(MakeError(reason, "m"));
    EXPECT_EQ(static_cast<int>(status.error_code()),
              static_cast<int>(ErrorReasonCode(reason)));
    EXPECT_EQ(ErrorInfoOf(status).reason(), ErrorReasonName(reason));
    EXPECT_EQ(status.error_message(), "m");
  }
}

TEST(StatusMappingTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace envknit
