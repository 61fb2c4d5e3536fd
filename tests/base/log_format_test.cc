#include "server/base/log_format.h"

#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kTime = absl::FromCivil(
    absl::CivilSecond(2025, 1, 31, 12, 0, 7), absl::UTCTimeZone());

std::string Text(const std::string& message,
                 const std::vector<LogField>& fields = {}) {
  return FormatTextLine(kTime, LogLevel::kInfo, message, fields);
}

std::string Json(const std::string& message,
                 const std::vector<LogField>& fields = {}) {
  return FormatJsonLine(kTime, LogLevel::kWarning, message, fields);
}

TEST(LogFormatTest, HostileTextStaysOnOneLineOfText) {
  for (const std::string& hostile :
       {std::string("a\nERROR forged"), std::string("a\r\x1b[31mred"),
        std::string("nul\0x", 5), std::string("\xff\xfe"),
        std::string("c1 \xc2\x9b"
                    "31m"),
        std::string("\x7f")}) {
    const std::string line = Text(hostile, {{"key", hostile}});
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    for (const char* bad : {"\r", "\x1b", "\xff", "\x9b", "\x7f"}) {
      EXPECT_THAT(line, Not(HasSubstr(bad)));
    }
    EXPECT_EQ(line.find('\0'), std::string::npos);
  }
}

TEST(LogFormatTest, HostileTextStaysOneJsonString) {
  EXPECT_THAT(Json("a\"b\\c\nd\te\x01"
                   "f"),
              HasSubstr(R"("message":"a\"b\\c\nd\te\u0001f"})"));
  // Broken, overlong, surrogate, too large, cut off: one mark per byte.
  EXPECT_THAT(Json("\xff"), HasSubstr("\"\xEF\xBF\xBD\""));
  EXPECT_THAT(Json("\xc0\x80"), HasSubstr("\"\xEF\xBF\xBD\xEF\xBF\xBD\""));
  EXPECT_THAT(Json("\xed\xa0\x80"), Not(HasSubstr("\xed\xa0")));
  EXPECT_THAT(Json("\xf4\x90\x80\x80"), Not(HasSubstr("\xf4")));
  EXPECT_THAT(Json("\xe2\x82"), Not(HasSubstr("\xe2")));
}

TEST(LogFormatTest, TextLineHasTimeLevelMessageFields) {
  EXPECT_EQ(Text("worker started",
                 {{"pid", 17}, {"environment", "my env"}, {"ok", true}}),
            "2025-01-31T12:00:07.000Z INFO    worker started  pid=17 "
            "environment=\"my env\" ok=true\n");
  EXPECT_EQ(Text("plain"), "2025-01-31T12:00:07.000Z INFO    plain\n");
}

TEST(LogFormatTest, TextQuotesOnlyWhatIsAmbiguous) {
  EXPECT_THAT(Text("m", {{"k", ""}}), HasSubstr(" k=\"\""));
  EXPECT_THAT(Text("m", {{"k", "a=b"}}), HasSubstr(" k=\"a=b\""));
  EXPECT_THAT(Text("m", {{"k", "say \"x\""}}), HasSubstr(R"( k="say \"x\"")"));
  EXPECT_THAT(Text("m", {{"k", "größe/1.5"}}), HasSubstr(" k=größe/1.5"));
}

TEST(LogFormatTest, JsonKeepsNumbersBareAndTextQuoted) {
  EXPECT_EQ(Json("m", {{"n", -5},
                       {"flag", false},
                       {"text", "5"},
                       {"wait", absl::Milliseconds(1500)},
                       {"ratio", 0.5},
                       {"name", "größe"}}),
            "{\"time\":\"2025-01-31T12:00:07.000Z\",\"level\":\"warning\","
            "\"message\":\"m\",\"n\":-5,\"flag\":false,\"text\":\"5\","
            "\"wait\":\"1.5s\",\"ratio\":\"0.5\",\"name\":\"größe\"}\n");
}

TEST(LogFormatTest, StatusIsCodeAndMessageWithoutPayload) {
  const absl::Status status =
      MakeError(ErrorReason::kWorkerCrashed, "died", {{"stderr", "secret"}});
  EXPECT_THAT(Text("m", {{"error", status}}),
              HasSubstr(" error=\"ABORTED: died\"\n"));
}

}  // namespace
}  // namespace envknit
