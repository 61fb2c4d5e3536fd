#include "server/rpc/routing.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "envknit/v1/calls.pb.h"
#include "envknit/v1/execute.pb.h"
#include "server/base/annotated_status.h"

namespace envknit {
namespace {

std::string FieldOf(const absl::Status& status) {
  const auto detail = GetErrorDetail(status);
  if (!detail.has_value()) return "no detail";
  EXPECT_EQ(detail->reason, ErrorReason::kInvalidRequest);
  return detail->metadata.at("field");
}

struct BadRequest {
  const char* what;
  std::string bytes;
  const char* field;
};

TEST(RoutingTest, NamesTheMalformedField) {
  const BadRequest cases[] = {
      {"a field number of zero", std::string("\x00\x00", 2), "request"},
      {"an end inside a length", "\x0a", "environment"},
      {"a length beyond the end", "\x0a\x7f", "environment"},
      {"a number as environment", "\x08\x01", "environment"},
      {"a number as session", "\x10\x01", "session"},
      {"text as call id", std::string("\x22\x01x"), "call_id"},
      {"text as idempotent", std::string("\x2a\x01x"), "idempotent"},
      {"isolation 9", "\x30\x09", "isolation"},
      {"a timeout that is no message", std::string("\x1a\x01\xff"), "timeout"},
      {"timeout with nanos 1e9",
       std::string("\x1a\x06\x10\x80\x94\xeb\xdc\x03"), "timeout"},
      {"start_timeout of mixed signs",
       std::string("\x3a\x0d\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                   "\x01"),
       "start_timeout"},
      {"a target that is no message", std::string("\x4a\x02\x0a\x7f"),
       "target"},
      {"eleven bytes of varint", absl::StrCat("\x20", std::string(11, '\xff')),
       "call_id"},
  };
  for (const BadRequest& bad : cases) {
    const absl::StatusOr<Routing> routing =
        ParseRouting(CallKind::kCall, bad.bytes);
    ASSERT_FALSE(routing.ok()) << bad.what;
    EXPECT_EQ(FieldOf(routing.status()), bad.field) << bad.what;
  }
}

TEST(RoutingTest, ReadsEveryRoutingField) {
  v1::CallRequest request;
  request.mutable_environment()->set_name("ml");
  request.set_session("abc");
  request.mutable_timeout()->set_seconds(2);
  request.mutable_timeout()->set_nanos(500000000);
  request.set_call_id(UINT64_MAX);
  request.set_idempotent(true);
  request.set_isolation(v1::ISOLATION_KIND_SUBINTERPRETER);
  request.mutable_start_timeout()->set_seconds(9);
  request.mutable_target()->set_module("numpy");
  request.mutable_target()->set_path("linalg.norm");
  request.add_args()->set_string_value("not read");
  const absl::StatusOr<Routing> routing =
      ParseRouting(CallKind::kCall, request.SerializeAsString());
  ASSERT_TRUE(routing.ok()) << routing.status();
  EXPECT_EQ(routing->environment, request.environment().SerializeAsString());
  EXPECT_EQ(routing->session, "abc");
  EXPECT_EQ(routing->timeout, absl::Milliseconds(2500));
  EXPECT_EQ(routing->call_id, UINT64_MAX);
  EXPECT_TRUE(routing->idempotent);
  EXPECT_EQ(routing->isolation, IsolationRequest::kSubinterpreter);
  EXPECT_EQ(routing->start_timeout, absl::Seconds(9));
  EXPECT_EQ(routing->target, "numpy.linalg.norm");
}

TEST(RoutingTest, EmptyRequestHasDefaults) {
  const absl::StatusOr<Routing> routing = ParseRouting(CallKind::kCall, "");
  ASSERT_TRUE(routing.ok());
  EXPECT_FALSE(routing->timeout.has_value());
  EXPECT_EQ(routing->isolation, IsolationRequest::kProcess);
  EXPECT_EQ(routing->target, "");
}

TEST(RoutingTest, TargetOfAnImportIsItsModule) {
  v1::ImportRequest request;
  request.set_module("numpy.linalg");
  const std::string bytes = request.SerializeAsString();
  EXPECT_EQ(ParseRouting(CallKind::kImport, bytes)->target, "numpy.linalg");
  EXPECT_EQ(ParseTarget(CallKind::kImport, bytes), "numpy.linalg");
}

TEST(RoutingTest, TargetOfATryIsItsModule) {
  v1::TryImportRequest request;
  request.set_module("numpy.linalg");
  const std::string bytes = request.SerializeAsString();
  EXPECT_EQ(ParseRouting(CallKind::kTryImport, bytes)->target, "numpy.linalg");
}

TEST(RoutingTest, SourceTextIsNoTarget) {
  v1::ExecuteRequest request;
  request.set_code("password = 'secret'");
  const std::string bytes = request.SerializeAsString();
  EXPECT_EQ(ParseRouting(CallKind::kExecute, bytes)->target, "Execute");
  EXPECT_EQ(ParseTarget(CallKind::kExecute, bytes), "Execute");
}

TEST(RoutingTest, TargetOfAHandleIsNotItsNumber) {
  v1::GetAttrRequest request;
  request.mutable_target()->mutable_handle()->set_id(99);
  request.mutable_target()->set_path("shape");
  EXPECT_EQ(ParseTarget(CallKind::kGetAttr, request.SerializeAsString()),
            "handle.shape");
}

TEST(RoutingTest, LongTargetsAreCut) {
  v1::ImportRequest request;
  request.set_module(std::string(1000, 'm'));
  EXPECT_EQ(ParseTarget(CallKind::kImport, request.SerializeAsString()).size(),
            256u);
}

TEST(RoutingTest, UnspecifiedIsolationIsAProcess) {
  EXPECT_EQ(*ParseIsolation(0), IsolationRequest::kProcess);
  EXPECT_EQ(*ParseIsolation(1), IsolationRequest::kProcess);
  EXPECT_EQ(*ParseIsolation(3), IsolationRequest::kAuto);
  EXPECT_FALSE(ParseIsolation(4).ok());
}

TEST(RoutingTest, MergesAFieldThatIsThereTwice) {
  v1::CallRequest one;
  one.mutable_environment()->mutable_package()->set_name("numpy");
  v1::CallRequest two;
  two.mutable_environment()->mutable_package()->set_version("1.26.4");
  const absl::StatusOr<Routing> routing = ParseRouting(
      CallKind::kCall, one.SerializeAsString() + two.SerializeAsString());
  ASSERT_TRUE(routing.ok());
  v1::EnvironmentSelector merged;
  ASSERT_TRUE(merged.ParseFromString(routing->environment));
  EXPECT_EQ(merged.package().name(), "numpy");
  EXPECT_EQ(merged.package().version(), "1.26.4");
}

}  // namespace
}  // namespace envknit
