// Many threads at once, for ThreadSanitizer, and to see that each call is
// answered exactly once and in its session's order.
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "tests/pool/pool_fixture.h"

namespace envknit {
namespace {

// Answers from a thread of its own, as a real factory does.
class Answering {
 public:
  explicit Answering(FakeWorkerFactory* factory)
      : factory_(factory), thread_([this] { Run(); }) {
    factory_->on_submit = [this](Epoch epoch, const WorkerCall& call) {
      const absl::MutexLock lock(&mu_);
      calls_.push_back({epoch, call.id, call.body});
    };
  }
  ~Answering() {
    {
      const absl::MutexLock lock(&mu_);
      ended_ = true;
    }
    thread_.join();
  }

 private:
  struct Sent {
    Epoch epoch;
    CallId id;
    std::string body;
  };

  void Run() {
    for (;;) {
      Sent sent;
      {
        const absl::MutexLock lock(
            &mu_,
            absl::Condition(
                +[](Answering* self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mu_) {
                  return self->ended_ || !self->calls_.empty();
                },
                this));
        if (calls_.empty()) return;
        sent = calls_.front();
        calls_.pop_front();
      }
      WorkerReply reply;
      reply.id = sent.id;
      reply.body = sent.body;
      factory_->ListenerOf(sent.epoch)->OnReply(std::move(reply));
    }
  }

  FakeWorkerFactory* const factory_;
  absl::Mutex mu_;
  std::deque<Sent> calls_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

PoolOptions RoomForAllCalls() {
  PoolOptions options;
  options.queue_calls = 10000;
  return options;
}

class WorkerPoolThreads : public PoolFixture {
 protected:
  WorkerPoolThreads() : PoolFixture(RoomForAllCalls()) {}
};

TEST_F(WorkerPoolThreads, EveryCallIsAnsweredOnceAndInOrder) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 500;
  std::vector<std::shared_ptr<Session>> sessions;
  for (int thread = 0; thread < kThreads; ++thread) {
    sessions.push_back(OpenAndStart());
  }
  Answering answering(&factory_);
  std::atomic<int> wrong = 0;
  absl::BlockingCounter left(kThreads * kCalls);
  std::vector<std::vector<int>> answers(kThreads);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int call = 0; call < kCalls; ++call) {
        const std::string body = std::to_string(call);
        sessions[thread]->Submit(
            Call(body), [&, thread, call, body](CallResult result) {
              if (!result.status.ok() || result.body != body) ++wrong;
              answers[thread].push_back(call);
              left.DecrementCount();
            });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  left.Wait();
  EXPECT_EQ(wrong, 0);
  for (const std::vector<int>& order : answers) {
    ASSERT_EQ(order.size(), kCalls);
    for (int call = 0; call < kCalls; ++call) EXPECT_EQ(order[call], call);
  }
}

TEST_F(WorkerPoolThreads, CancelsAndClosesRaceWithReplies) {
  constexpr int kThreads = 3;
  constexpr int kCalls = 200;
  std::vector<std::shared_ptr<Session>> sessions;
  for (int thread = 0; thread < kThreads; ++thread) {
    sessions.push_back(OpenAndStart());
  }
  Answering answering(&factory_);
  absl::BlockingCounter left(kThreads * kCalls);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int call = 0; call < kCalls; ++call) {
        auto handle = sessions[thread]->Submit(
            Call("f"), [&](CallResult) { left.DecrementCount(); });
        if (call % 2 == 0) handle->Cancel();
        if (call == kCalls / 2) sessions[thread]->Close();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  left.Wait();
  EXPECT_EQ(registry_->CallCounts()[CallKind::kCall], kThreads * kCalls);
}

}  // namespace
}  // namespace envknit
