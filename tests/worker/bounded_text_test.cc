#include "server/worker/bounded_text.h"

#include <string>

#include "gtest/gtest.h"

namespace envknit {
namespace {

const std::string kBad = "\xEF\xBF\xBD";
const std::string kCut = "\xE2\x80\xA6";

TEST(BoundedTextTest, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(BoundedText("a\xff", 100), "a" + kBad);
  // Overlong, surrogate, beyond the last, cut, lone continuation.
  EXPECT_EQ(BoundedText("\xc0\x80", 100), kBad + kBad);
  EXPECT_EQ(BoundedText("\xed\xa0\x80", 100), kBad + kBad + kBad);
  EXPECT_EQ(BoundedText("\xf5\x80\x80\x80", 100), kBad + kBad + kBad + kBad);
  EXPECT_EQ(BoundedText("\xe2\x82", 100), kBad + kBad);
  EXPECT_EQ(BoundedText("\x80", 100), kBad);
}

TEST(BoundedTextTest, KeepsValidTextAsItIs) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(BoundedText(text, text.size()), text);
  EXPECT_EQ(BoundedTail(text, text.size()), text);
  EXPECT_EQ(BoundedText("", 0), "");
}

TEST(BoundedTextTest, CutsBetweenCharactersAndNeverGrowsBeyondTheBound) {
  std::string euros;
  for (int i = 0; i < 10; ++i) euros += "\xe2\x82\xac";
  for (std::size_t bound = 3; bound < 30; ++bound) {
    const std::string head = BoundedText(euros, bound);
    EXPECT_LE(head.size(), bound);
    EXPECT_EQ(head.size() % 3, 0U);
    EXPECT_EQ(head.substr(head.size() - 3), kCut);
    const std::string tail = BoundedTail(euros, bound);
    EXPECT_LE(tail.size(), bound);
    EXPECT_EQ(tail.size() % 3, 0U);
    EXPECT_EQ(tail.substr(0, 3), kCut);
  }
  EXPECT_LE(BoundedText(std::string(100, '\xff'), 50).size(), 50U);
  EXPECT_LE(BoundedTail(std::string(100, '\xff'), 50).size(), 50U);
}

TEST(BoundedTailTest, KeepsTheEnd) {
  EXPECT_EQ(BoundedTail("0123456789", 5), kCut + "89");
}

}  // namespace
}  // namespace envknit
