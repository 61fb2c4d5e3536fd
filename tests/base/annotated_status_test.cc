#include "server/base/annotated_status.h"

#include <set>
#include <string>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(ErrorReasonTest, RefusesNamesOutsideTheSet) {
  for (const char* name : {"", "worker_crashed", "WORKER_CRASHED ",
                           "ERROR_REASON_WORKER_CRASHED", "UNSPECIFIED"}) {
    EXPECT_FALSE(ParseErrorReason(name).has_value()) << name;
  }
}

TEST(ErrorReasonTest, NamesAreDistinctAndReadBack) {
  std::set<std::string> names;
  for (const ErrorReason reason : AllErrorReasons()) {
    const std::string name(ErrorReasonName(reason));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(ParseErrorReason(name), reason);
    EXPECT_NE(ErrorReasonCode(reason), absl::StatusCode::kOk) << name;
    EXPECT_NE(ErrorReasonCode(reason), absl::StatusCode::kUnknown) << name;
  }
  EXPECT_THAT(names, SizeIs(26));
}

TEST(ErrorReasonTest, CodesAreThoseOfTheContract) {
  EXPECT_EQ(ErrorReasonCode(ErrorReason::kWorkerCrashed),
            absl::StatusCode::kAborted);
  EXPECT_EQ(ErrorReasonCode(ErrorReason::kDeadlineExpiredQueued),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ErrorReasonCode(ErrorReason::kPackageNotLocked),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorReasonCode(ErrorReason::kCancelled),
            absl::StatusCode::kCancelled);
}

TEST(AnnotatedStatusTest, HasNoDetailUnlessMadeHere) {
  EXPECT_FALSE(GetErrorDetail(absl::OkStatus()).has_value());
  EXPECT_FALSE(GetErrorDetail(absl::InternalError("x")).has_value());
}

TEST(AnnotatedStatusTest, IgnoresDamagedPayloads) {
  for (const std::string& payload :
       {std::string(), std::string("NO_SUCH_REASON"),
        std::string("WORKER_CRASHED\0key", 18)}) {
    absl::Status status = absl::AbortedError("x");
    status.SetPayload("envknit/error-detail", absl::Cord(payload));
    EXPECT_FALSE(GetErrorDetail(status).has_value()) << payload;
  }
}

TEST(AnnotatedStatusTest, ReadsBackReasonAndMetadata) {
  const absl::Status status = MakeError(
      ErrorReason::kWorkerCrashed, "the worker died",
      {{"signal", "11"}, {"stderr", "line 1\nline 2 \xff"}, {"empty", ""}});
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "the worker died");
  const auto detail = GetErrorDetail(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, ErrorReason::kWorkerCrashed);
  EXPECT_THAT(detail->metadata,
              ElementsAre(Pair("empty", ""), Pair("signal", "11"),
                          Pair("stderr", "line 1\nline 2 \xff")));
}

TEST(AnnotatedStatusTest, NulInMetadataCantForgeOtherKeys) {
  const auto detail =
      GetErrorDetail(MakeError(ErrorReason::kInternal, "x",
                               {{"stderr", std::string("a\0signal\0"
                                                       "9",
                                                       10)}}));
  ASSERT_TRUE(detail.has_value());
  EXPECT_THAT(detail->metadata, ElementsAre(Pair("stderr", "a?signal?9")));
}

TEST(AnnotatedStatusTest, RetryDelayIsMetadataInMilliseconds) {
  const auto detail = GetErrorDetail(
      MakeRetriableError(ErrorReason::kPoolExhausted, "full",
                         absl::Milliseconds(1500), {{"limit", "4"}}));
  ASSERT_TRUE(detail.has_value());
  EXPECT_THAT(detail->metadata,
              ElementsAre(Pair("limit", "4"), Pair("retry_delay_ms", "1500")));
}

TEST(AnnotatedStatusTest, ContextKeepsCodeAndDetail) {
  EXPECT_TRUE(WithContext(absl::OkStatus(), "anything").ok());
  const absl::Status status = WithContext(
      MakeError(ErrorReason::kEnvNotFound, "no 'ml'", {{"near", "ml2"}}),
      "resolve");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "resolve: no 'ml'");
  const auto detail = GetErrorDetail(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, ErrorReason::kEnvNotFound);
  EXPECT_THAT(detail->metadata, Contains(Pair("near", "ml2")));
}

TEST(AnnotatedStatusTest, AddedMetadataNeverReplacesWhatWasSaidFirst) {
  EXPECT_EQ(WithMetadata(absl::InternalError("x"), {{"a", "1"}}),
            absl::InternalError("x"));
  const auto detail = GetErrorDetail(
      WithMetadata(MakeError(ErrorReason::kLimitExceeded, "x", {{"a", "1"}}),
                   {{"a", "2"}, {"b", "3"}}));
  ASSERT_TRUE(detail.has_value());
  EXPECT_THAT(detail->metadata, ElementsAre(Pair("a", "1"), Pair("b", "3")));
}

}  // namespace
}  // namespace envknit
