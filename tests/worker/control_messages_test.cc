#include "server/worker/control_messages.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string MakeFailure(const std::string& reason, const std::string& message,
                        int metadata_entries) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_uint32(1, 0);
  writer.add_string(2, reason);
  writer.add_string(3, message);
  for (int i = 0; i < metadata_entries; ++i) {
    std::string entry;
    protozero::pbf_writer entry_writer(entry);
    entry_writer.add_string(1, "key" + std::to_string(i));
    entry_writer.add_string(2, std::string(100'000, 'v'));
    writer.add_message(4, entry);
  }
  return bytes;
}

TEST(ParseFailureTest, GarbageIsAnInternalErrorAndNeverOk) {
  for (const std::string& payload :
       {std::string(), std::string("\x12\xff\xff"), std::string("\xff", 1),
        std::string("\x0a\x01"), std::string(1000, '\x07')}) {
    const absl::Status status = ParseFailure(payload);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_TRUE(GetErrorDetail(status).has_value());
  }
}

TEST(ParseFailureTest, CutsWhatWouldNotFitInATrailer) {
  const absl::Status status = ParseFailure(
      MakeFailure("INVALID_REQUEST", std::string(1 << 20, 'm'), 1000));
  EXPECT_LE(status.message().size(), 2048U);
  const absl::optional<ErrorDetail> detail = GetErrorDetail(status);
  EXPECT_LE(detail->metadata.size(), 16U);
  for (const auto& [key, value] : detail->metadata) {
    EXPECT_LE(value.size(), 1024U);
  }
}

TEST(ParseFailureTest, MakesTextsValid) {
  EXPECT_EQ(std::string(ParseFailure(MakeFailure("INTERNAL",
                                                 "a\xff"
                                                 "b",
                                                 0))
                            .message()),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(ParseFailureTest, TheReasonDecidesTheCode) {
  const absl::Status status =
      ParseFailure(MakeFailure("QUOTA_EXCEEDED", "too much", 1));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(GetErrorDetail(status)->metadata,
              ElementsAre(Pair("key0", HasSubstr("vvv"))));
}

TEST(ParseHelloTest, RefusesWhatIsNoMessage) {
  EXPECT_FALSE(ParseHello("\x1a\x7f").has_value());
  EXPECT_FALSE(ParseHello("\xff\xff\xff").has_value());
}

TEST(ParseHelloTest, SkipsFieldsItDoesNotKnowOrThatHaveAnotherType) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, "not a number");
  writer.add_string(99, "of later");
  writer.add_int32(2, 77);
  const absl::optional<HelloMessage> hello = ParseHello(bytes);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->protocol, 0U);
  EXPECT_EQ(hello->pid, 77);
}

TEST(SerializeConfigureTest, HoldsEveryField) {
  ConfigureMessage message;
  message.epoch = 1;
  message.install_paths = {"/a", "/b"};
  message.runtime_dir = "/r";
  message.environment = "science";
  message.instance = "i";
  const std::string bytes = SerializeConfigure(message);
  protozero::pbf_reader reader(bytes);
  std::vector<uint32_t> tags;
  while (reader.next()) {
    tags.push_back(reader.tag());
    reader.skip();
  }
  EXPECT_THAT(tags, ElementsAre(1, 2, 2, 3, 4, 5, 6));
}

TEST(SerializeConfigureTest, TellsEveryLimit) {
  ConfigureMessage message;
  message.limits = {1, 2, 3, 4, 5};
  const std::string bytes = SerializeConfigure(message);
  protozero::pbf_reader reader(bytes);
  ASSERT_TRUE(reader.next(4));
  protozero::pbf_reader limits = reader.get_message();
  std::vector<uint64_t> numbers;
  while (limits.next()) {
    EXPECT_EQ(limits.tag(), numbers.size() + 1);
    numbers.push_back(limits.get_uint64());
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4, 5));
}

}  // namespace
}  // namespace envknit
