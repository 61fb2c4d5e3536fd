#include "server/base/yaml_document.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string ErrorOf(absl::string_view text) {
  const auto document = ParseYaml(text, "f.yaml");
  if (document.ok()) return "accepted";
  EXPECT_EQ(document.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(document.status().message());
}

std::string Repeat(absl::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) absl::StrAppend(&all, text);
  return all;
}

TEST(YamlDocumentTest, SaysWhereAndWhatIsWrong) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"a: [1, 2", "f.yaml:1:"},
      {"a: 1\nb: \"x", "f.yaml:2:"},
      {"a: 1\n b: 2\n", "f.yaml:2:"},
      {"a: *nope\n", "f.yaml:1:4: not valid YAML: "},
      {"\tx: 1\n", "f.yaml:1:"},
      {"a: 1\na: 2\n", "f.yaml:2:1: duplicate key \"a\"; keep one of them"},
      {"a: {b: 1, b: 2}", "f.yaml:1:11: duplicate key"},
      {"? [1]\n: 2\n", "f.yaml:1:3: expected a text as key, found a list"},
      {"? {a: 1}\n: 2\n", "expected a text as key, found a mapping"},
      {"~: 1\n", "expected a text as key, found nothing"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n", "f.yaml:3:3: merge keys"},
      {"a: &x [*x]\n", "f.yaml:1:8: an alias stands inside what it names"},
      {"a: 1\n---\nb: 2\n", "f.yaml:3:1: a second document"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
  }
}

TEST(YamlDocumentTest, RefusesDeepNestingInEveryForm) {
  for (const std::string& text :
       {Repeat("[", 100'000), Repeat("{a: ", 100'000), Repeat("- ", 100'000),
        Repeat("? ", 100'000), Repeat("[{a: ", 50'000),
        Repeat("[", 33) + Repeat("]", 33)}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("nested deeper than 32 levels"))
        << text.substr(0, 20);
  }
  EXPECT_EQ(ErrorOf(Repeat("[", 32) + Repeat("]", 32)), "accepted");
}

TEST(YamlDocumentTest, RefusesAliasBombs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = absl::StrCat("*a", i - 1);
    absl::StrAppend(&text, "a", i, ": &a", i, " [", Repeat(alias + ", ", 9),
                    alias, "]\n");
  }
  EXPECT_THAT(ErrorOf(text), HasSubstr("more than 1000000 values"));
}

TEST(YamlDocumentTest, GarbageIsAnErrorOrAValueButNeverACrash) {
  for (const std::string& text :
       {std::string("\0\0\0", 3), std::string("\xff\xfe\xff"),
        std::string("%YAML 99.1\n---\n"), std::string("%TAG ! \n"),
        std::string("!<x"), std::string("&"), std::string("*"),
        std::string("a: !!binary @@@"), std::string("- |9999999999\n x"),
        std::string("\"\\x\""), std::string("\"\\UFFFFFFFF\"")}) {
    ErrorOf(text);
  }
}

TEST(YamlDocumentTest, EmptyTextIsNull) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "~"}) {
    const auto document = ParseYaml(text, "f.yaml");
    ASSERT_TRUE(document.ok()) << document.status();
    EXPECT_TRUE((*document)->is_null()) << text;
  }
}

TEST(YamlDocumentTest, KeepsScalarsAsTheyStandInTheFile) {
  const auto document = ParseYaml(
      "version: 8.10\nquoted: \"1.0\"\nbig: 0x1F\nyes: yes\nempty:\n", "f");
  ASSERT_TRUE(document.ok()) << document.status();
  const YamlNode& map = **document;
  ASSERT_TRUE(map.is_map());
  EXPECT_EQ(map.Find("version")->scalar(), "8.10");
  EXPECT_TRUE(map.Find("version")->plain());
  EXPECT_EQ(map.Find("quoted")->scalar(), "1.0");
  EXPECT_FALSE(map.Find("quoted")->plain());
  EXPECT_EQ(map.Find("big")->scalar(), "0x1F");
  EXPECT_EQ(map.Find("yes")->scalar(), "yes");
  EXPECT_TRUE(map.Find("empty")->is_null());
  EXPECT_EQ(map.Find("nope"), nullptr);
}

TEST(YamlDocumentTest, KnowsWhereNodesBegin) {
  const auto document = ParseYaml("a:\n  - x\n  - y: 1\n    z: 2\n", "f");
  ASSERT_TRUE(document.ok()) << document.status();
  const YamlNode& list = *(*document)->Find("a");
  ASSERT_THAT(list.items(), SizeIs(2));
  EXPECT_EQ(list.items()[0]->line(), 2);
  EXPECT_EQ(list.items()[0]->column(), 5);
  EXPECT_EQ(list.items()[1]->line(), 3);
  EXPECT_EQ(list.items()[1]->Find("z")->line(), 4);
  EXPECT_THAT(std::string(YamlError("f", *list.items()[1], "m").message()),
              StartsWith("f:3:5: m"));
}

TEST(YamlDocumentTest, AliasesStandForFinishedValues) {
  const auto document = ParseYaml("a: &x [1, 2]\nb: *x\n", "f");
  ASSERT_TRUE(document.ok()) << document.status();
  EXPECT_THAT((*document)->Find("b")->items(), SizeIs(2));
}

TEST(YamlDocumentTest, DescribesForMessages) {
  const auto document =
      ParseYaml(absl::StrCat("a: x\nb: \"\\e\"\nc: ", Repeat("y", 100)), "f");
  ASSERT_TRUE(document.ok()) << document.status();
  EXPECT_EQ((*document)->Find("a")->Describe(), "\"x\"");
  EXPECT_EQ((*document)->Find("b")->Describe(), "\"\\033\"");
  EXPECT_EQ((*document)->Find("c")->Describe(),
            absl::StrCat("\"", Repeat("y", 40), "…\""));
}

}  // namespace
}  // namespace envknit
