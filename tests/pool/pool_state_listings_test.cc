// What is told of workers and sessions.
#include <map>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/pool/pool_state.h"
#include "tests/pool/pool_script.h"

namespace envknit {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr absl::Time kStart = absl::UnixEpoch();

std::vector<SessionNumber> Numbers(PoolScript& pool) {
  std::vector<SessionNumber> numbers;
  for (const auto& [session, number] : pool.state().SnapshotSessions()) {
    numbers.push_back(number);
  }
  return numbers;
}

SessionSnapshot Only(PoolScript& pool) {
  const auto sessions = pool.state().SnapshotSessions();
  EXPECT_EQ(sessions.size(), 1U);
  return sessions.empty() ? SessionSnapshot() : sessions[0].first;
}

SessionTerms Unary() { return {.identity = "uid:1", .attached = false}; }

TEST(SessionListing, IsEmptyWithoutSessionsWhateverRuns) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  EXPECT_THAT(Numbers(pool), IsEmpty());
}

TEST(SessionListing, GoesInTheOrderOfOpening) {
  PoolOptions options;
  options.max_workers = 0;
  PoolScript pool(options);
  for (int i = 0; i < 20; ++i) pool.Open();
  pool.Close(7);
  std::vector<SessionNumber> expected;
  for (SessionNumber n = 1; n <= 20; ++n) {
    if (n != 7) expected.push_back(n);
  }
  EXPECT_EQ(Numbers(pool), expected);
}

TEST(SessionListing, AnImplicitOneWasOpenedWhenItsHandlesCame) {
  PoolScript pool;
  pool.SubmitAlone("uid:1", "f");
  pool.Started(1);
  pool.Wait(absl::Seconds(2));
  pool.Open();
  pool.Wait(absl::Seconds(3));
  pool.Reply(1, 1, {.first_handle = 7, .handle_count = 1});
  EXPECT_THAT(Numbers(pool), ElementsAre(2, 1));
  const SessionSnapshot opened = pool.state().SnapshotSessions()[1].first;
  EXPECT_TRUE(opened.implicit);
  EXPECT_FALSE(opened.attached);
  EXPECT_EQ(opened.identity, "uid:1");
  EXPECT_EQ(opened.epoch, 1);
  EXPECT_EQ(opened.calls, 1) << "the one that made the handles";
  EXPECT_EQ(opened.opened, kStart + absl::Seconds(5));
  EXPECT_EQ(opened.last_call, kStart);
  EXPECT_THAT(opened.expires, Optional(kStart + absl::Seconds(65)));
}

TEST(SessionListing, CountsItsCalls) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_EQ(Only(pool).last_call, Only(pool).opened);
  pool.Wait(absl::Seconds(1));
  for (int i = 0; i < 10; ++i) pool.Submit(1, absl::StrCat("f", i));
  EXPECT_EQ(Only(pool).calls_in_flight, 10);
  EXPECT_EQ(Only(pool).calls, 0);
  pool.Wait(absl::Seconds(1));
  pool.Reply(1, 1);
  pool.Reply(1, 2);
  const SessionSnapshot session = Only(pool);
  EXPECT_EQ(session.calls_in_flight, 8);
  EXPECT_EQ(session.calls, 2);
  EXPECT_EQ(session.opened, kStart);
  EXPECT_EQ(session.last_call, kStart + absl::Seconds(1));
}

TEST(SessionListing, AnAttachedOneDoesNotExpire) {
  PoolScript pool;
  pool.OpenAndStart();
  EXPECT_TRUE(Only(pool).attached);
  EXPECT_THAT(Only(pool).expires, Eq(absl::nullopt));
}

TEST(SessionListing, AnAttachedOneExpiresAfterItsStream) {
  PoolScript pool;
  pool.OpenAndStart();
  pool.CloseAfter(1, absl::Seconds(10));
  EXPECT_THAT(Only(pool).expires, Optional(kStart + absl::Seconds(10)));
}

TEST(SessionListing, AUnaryOneExpiresAMinuteAfterItsLastAnswer) {
  PoolScript pool;
  pool.Open(Unary());
  EXPECT_THAT(Only(pool).expires, Eq(absl::nullopt)) << "its worker starts";
  pool.Wait(absl::Seconds(1));
  pool.Started(1);
  EXPECT_THAT(Only(pool).expires, Optional(kStart + absl::Seconds(61)));
  pool.Submit(1, "f");
  EXPECT_THAT(Only(pool).expires, Eq(absl::nullopt)) << "a call runs";
  pool.Wait(absl::Seconds(9));
  pool.Reply(1, 1);
  EXPECT_THAT(Only(pool).expires, Optional(kStart + absl::Seconds(70)));
  EXPECT_EQ(Only(pool).last_call, kStart + absl::Seconds(1));
  pool.FireAfter(absl::Seconds(59));
  EXPECT_THAT(Numbers(pool), ElementsAre(1));
  pool.FireAfter(absl::Seconds(1));
  EXPECT_THAT(Numbers(pool), IsEmpty());
}

TEST(SessionListing, ShowsTheWorkerItHasNow) {
  PoolScript pool;
  pool.Open();
  EXPECT_EQ(Only(pool).epoch, 0) << "still starting";
  pool.Started(1);
  EXPECT_EQ(Only(pool).epoch, 1);
  pool.Exit(1);
  EXPECT_EQ(Only(pool).epoch, 0);
  pool.Submit(1, "f");
  pool.Started(2);
  EXPECT_EQ(Only(pool).epoch, 2);
}

}  // namespace
}  // namespace envknit
