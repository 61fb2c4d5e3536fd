#include "python_client/native/status_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace envknit::native {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ReadStatusTest, KeepsWhatCameBeforeGarbage) {
  google::rpc::Status status;
  status.set_code(10);
  status.set_message("worker died");
  const InfrastructureError error =
      ReadStatus(status.SerializeAsString() + "\x1a\x7f");
  EXPECT_EQ(error.code, 10);
  EXPECT_EQ(error.message, "worker died");
  EXPECT_EQ(error.reason, "");
}

TEST(ReadStatusTest, ReadsErrorInfoAmongOtherDetails) {
  google::rpc::Status status;
  status.set_code(8);
  google::rpc::RetryInfo retry;
  status.add_details()->PackFrom(retry);
  google::rpc::ErrorInfo info;
  info.set_reason("POOL_EXHAUSTED");
  info.set_domain("envknit");
  (*info.mutable_metadata())["limit"] = "16";
  (*info.mutable_metadata())["retry_delay_ms"] = "100";
  status.add_details()->PackFrom(info);
  const InfrastructureError error = ReadStatus(status.SerializeAsString());
  EXPECT_EQ(error.reason, "POOL_EXHAUSTED");
  EXPECT_THAT(
      error.metadata,
      UnorderedElementsAre(Pair("limit", "16"), Pair("retry_delay_ms", "100")));
}

}  // namespace
}  // namespace envknit::native
