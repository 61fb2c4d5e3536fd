#include "server/rpc/utf8_text.h"

#include <string>

#include "gtest/gtest.h"

namespace envknit {
namespace {

TEST(Utf8TextTest, ReplacesOnlyWhatIsNotUtf8) {
  const struct {
    std::string from;
    std::string to;
  } cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x8D",
       "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x8D"},
      {"a\xFFz", "a?z"},
      {"\xC3", "?"},
      {"\xC0\xAF", "??"},
      {"\xE0\x80\xAF", "???"},
      {"\xED\xA0\x80", "???"},
      {"\xF4\x90\x80\x80", "????"},
      {"\xE2\x82", "??"},
  };
  for (const auto& c : cases) EXPECT_EQ(ToValidUtf8(c.from), c.to);
}

TEST(Utf8TextTest, CutsBetweenCharacters) {
  const std::string text = "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4";
  EXPECT_EQ(KeepBeginning(text, 8), text);
  EXPECT_EQ(KeepBeginning(text, 6), "\xC3\xA4\xE2\x80\xA6");
  EXPECT_EQ(KeepEnd(text, 6), "\xE2\x80\xA6\xC3\xA4");
  EXPECT_EQ(KeepEnd(text, 3), "\xE2\x80\xA6");
  EXPECT_EQ(KeepBeginning(text, 2), "");
}

}  // namespace
}  // namespace envknit
