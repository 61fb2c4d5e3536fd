#include "server/config/value_parser.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

TEST(ValueParserTest, RefusesDurationsWithoutUnitOrSense) {
  for (const char* text : {"", "30", "-1s", "0s", "0", "inf", "s", "1 s",
                           "30sec", "367000h", "1e3s"}) {
    const auto duration = ParsePositiveDuration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_EQ(duration.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(duration.status().message()),
                HasSubstr("such as 30s"));
  }
}

TEST(ValueParserTest, ReadsDurations) {
  const struct {
    const char* text;
    absl::Duration duration;
  } cases[] = {
      {"30s", absl::Seconds(30)},         {"1h30m", absl::Minutes(90)},
      {"250ms", absl::Milliseconds(250)}, {"1.5s", absl::Milliseconds(1500)},
      {"8784h", absl::Hours(24 * 366)},
  };
  for (const auto& c : cases) {
    const auto duration = ParsePositiveDuration(c.text);
    ASSERT_TRUE(duration.ok()) << duration.status();
    EXPECT_EQ(*duration, c.duration) << c.text;
  }
}

TEST(ValueParserTest, RefusesSizesWithoutSense) {
  for (const char* text :
       {"", "0", "-1", "1.5MiB", "MiB", "16 MiB", "16mib", "1TiB", "1025GiB",
        "9223372036854775807GiB", "99999999999999999999"}) {
    EXPECT_FALSE(ParseByteSize(text).ok()) << text;
  }
}

TEST(ValueParserTest, ReadsSizes) {
  const struct {
    const char* text;
    int64_t bytes;
  } cases[] = {
      {"1", 1},
      {"65536", 65536},
      {"64KiB", 65536},
      {"16MiB", 16777216},
      {"10MB", 10000000},
      {"7B", 7},
      {"1024GiB", int64_t{1} << 40},
  };
  for (const auto& c : cases) {
    const auto bytes = ParseByteSize(c.text);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(ValueParserTest, RefusesNumbersOutsideTheRange) {
  for (const char* text :
       {"", "-1", "11", "1.0", "0x1", " 1", "+1", "1e1", "99999999999"}) {
    EXPECT_FALSE(ParseWholeNumber(text, 0, 10).ok()) << text;
  }
  EXPECT_EQ(*ParseWholeNumber("0", 0, 10), 0);
  EXPECT_EQ(*ParseWholeNumber("10", 0, 10), 10);
}

TEST(ValueParserTest, BooleansAreTrueOrFalse) {
  for (const char* text : {"", "yes", "1", "True", "on"}) {
    EXPECT_FALSE(ParseBoolean(text).ok()) << text;
  }
  EXPECT_TRUE(*ParseBoolean("true"));
  EXPECT_FALSE(*ParseBoolean("false"));
}

TEST(ValueParserTest, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", ":", "host:", "host:port", "host:65536", "host:-1", "a b:1", "[::1",
        "[::1]x", "[::1]:", "[zz]:1", "::1", "1.2.3.4:1:2", "unix:/x",
        "ho/st:1"}) {
    EXPECT_FALSE(ParseTcpAddress(text).ok()) << text;
  }
}

TEST(ValueParserTest, ReadsAddressesAndKnowsLoopback) {
  const struct {
    const char* text;
    const char* shown;
    bool loopback;
  } cases[] = {
      {"127.0.0.1:50551", "127.0.0.1:50551", true},
      {"127.9.9.9:0", "127.9.9.9:0", true},
      {"localhost", "localhost:50551", true},
      {"[::1]:1", "[::1]:1", true},
      {"[::1]", "[::1]:50551", true},
      {"0.0.0.0:50551", "0.0.0.0:50551", false},
      {":50551", "0.0.0.0:50551", false},
      {"50551", "0.0.0.0:50551", false},
      {"[::]:50551", "[::]:50551", false},
      {"10.0.0.1", "10.0.0.1:50551", false},
      {"localhost.example.com:80", "localhost.example.com:80", false},
      {"127.0.0.1.example.com:80", "127.0.0.1.example.com:80", false},
  };
  for (const auto& c : cases) {
    const auto address = ParseTcpAddress(c.text);
    ASSERT_TRUE(address.ok()) << c.text << ": " << address.status();
    EXPECT_EQ(address->ToString(), c.shown);
    EXPECT_EQ(address->IsLoopback(), c.loopback) << c.text;
  }
}

}  // namespace
}  // namespace envknit
