#include "server/worker/host_blame.h"

#include <vector>

#include "gtest/gtest.h"

namespace envknit {
namespace {

constexpr InterpreterAtDeath kIdle;
constexpr InterpreterAtDeath kRunning = {.running = true};
constexpr InterpreterAtDeath kSaysSo = {.ends_process = true, .running = true};
constexpr InterpreterAtDeath kKilledFor = {.killed_for = true, .running = true};

struct Case {
  const char* what;
  std::vector<InterpreterAtDeath> interpreters;
  bool culprit_left;
  std::vector<bool> collateral;
};

TEST(HostBlameTest, SaysWhoseCallsAreCollateral) {
  const Case cases[] = {
      {"nobody was in it", {}, false, {}},
      {"the ladder killed it for one",
       {kRunning, kKilledFor, kIdle},
       false,
       {true, false, true}},
      {"killed for one beats what pages say",
       {kSaysSo, kKilledFor},
       false,
       {true, false}},
      {"the one it was killed for had closed",
       {kRunning, kIdle},
       true,
       {true, true}},
      {"a page tells", {kRunning, kSaysSo, kIdle}, false, {true, false, true}},
      {"two pages tell",
       {kSaysSo, kSaysSo, kRunning},
       false,
       {false, false, true}},
      {"one ran", {kIdle, kRunning, kIdle}, false, {true, false, true}},
      {"several ran: unknown",
       {kRunning, kRunning, kIdle},
       false,
       {false, false, true}},
      {"none ran", {kIdle, kIdle}, false, {false, false}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(JudgeCollateral(one.interpreters, one.culprit_left),
              one.collateral)
        << one.what;
  }
}

}  // namespace
}  // namespace envknit
