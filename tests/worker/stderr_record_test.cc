#include "server/worker/stderr_record.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::EndsWith;

TEST(StderrRecordTest, KeepsALittleOfWhateverComes) {
  StderrRecord record;
  record.ExpectStack();
  for (int i = 0; i < 100'000; ++i) {
    record.AddLine("Thread 0x1 (most recent call first):");
    record.AddLine("  File \"x.py\", line " + std::to_string(i) + " in f");
  }
  EXPECT_LE(record.Tail().size(), StderrRecord::kTailBytes);
  EXPECT_THAT(record.Tail(), EndsWith("line 99999 in f\n"));
  EXPECT_LE(record.Stack().size(), StderrRecord::kStackBytes + 8192);
}

TEST(StderrRecordTest, HasNoStackUnlessItWasAskedFor) {
  StderrRecord record;
  record.AddLine("Current thread 0x1 (most recent call first):");
  record.AddLine("  File \"x.py\", line 1 in f");
  EXPECT_EQ(record.Stack(), "");
}

TEST(StderrRecordTest, TellsStacksFromWhatUserCodePrints) {
  StderrRecord record;
  record.AddLine("before");
  record.ExpectStack();
  record.AddLine("progress 10%");
  record.AddLine("Thread 0x2 (most recent call first):");
  record.AddLine("  <no Python frame>");
  record.AddLine("");
  record.AddLine("Current thread 0x1 (most recent call first):");
  record.AddLine("  File \"x.py\", line 1 in f");
  record.AddLine("progress 20%");
  record.AddLine("  File of mine");
  EXPECT_EQ(record.Stack(),
            "Thread 0x2 (most recent call first):\n  <no Python frame>\n\n"
            "Current thread 0x1 (most recent call first):\n"
            "  File \"x.py\", line 1 in f\n");
}

TEST(StderrRecordTest, ANewRequestDropsTheOldAnswer) {
  StderrRecord record;
  record.ExpectStack();
  record.AddLine("Thread 0x1 (most recent call first):");
  record.ExpectStack();
  record.AddLine("Thread 0x2 (most recent call first):");
  EXPECT_EQ(record.Stack(), "Thread 0x2 (most recent call first):\n");
}

}  // namespace
}  // namespace envknit
