// Gates under many threads: every call is answered once, whoever submits,
// cancels and finds out meanwhile.
#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "tests/pool/probing_fixture.h"

namespace envknit {
namespace {

constexpr int kThreads = 4;
constexpr int kCallsPerThread = 300;

class ProbingThreadsTest : public ProbingFixture {
 protected:
  ProbingThreadsTest() {
    // As much as the test has under way.
    PoolOptions limits;
    limits.queue_calls = kThreads * kCallsPerThread;
    registry_ = std::make_unique<ProbingPoolRegistry>(
        limits,
        ProbingPoolRegistry::Parts{pools_.get(), &clock_, &timers_, &logger_},
        probes_);
    interpreters_.on_submit = [this](Epoch epoch, const WorkerCall& call) {
      const absl::MutexLock lock(&mu_);
      submitted_.emplace_back(epoch, call.id);
    };
    throw_away_.on_submit = [this](Epoch epoch, const WorkerCall& call) {
      const absl::MutexLock lock(&mu_);
      tried_.emplace_back(epoch, call.id);
    };
  }

  // Plays all workers until told to stop.
  void PlayWorkers() {
    Epoch started = 0;
    while (!stop_.load()) {
      const std::vector<Epoch> trials = throw_away_.Epochs();
      for (const Epoch epoch : trials) {
        if (epoch <= started) continue;
        started = epoch;
        throw_away_.Succeed(epoch);
      }
      Reply(&tried_, &throw_away_, Loaded());
      Reply(&submitted_, &interpreters_, "");
      timers_.Advance(absl::Microseconds(1));
      std::this_thread::yield();
    }
  }

  using Calls = std::deque<std::pair<Epoch, CallId>>;

  void Reply(Calls* calls, FakeWorkerFactory* factory,
             const std::string& body) {
    Calls taken;
    {
      const absl::MutexLock lock(&mu_);
      taken.swap(*calls);
    }
    for (const auto& [epoch, id] : taken) {
      WorkerReply reply;
      reply.id = id;
      reply.body = body;
      factory->ListenerOf(epoch)->OnReply(std::move(reply));
    }
  }

  absl::Mutex mu_;
  Calls submitted_ ABSL_GUARDED_BY(mu_);
  Calls tried_ ABSL_GUARDED_BY(mu_);
  std::atomic<bool> stop_ = false;
  std::unique_ptr<ProbingPoolRegistry> registry_;
};

TEST_F(ProbingThreadsTest, EveryCallIsAnsweredOnce) {
  SessionSpec spec = Explicit(IsolationKind::kSubinterpreter);
  auto session = *registry_->OpenSession(spec);
  interpreters_.Succeed(interpreters_.Epochs().back());
  std::thread workers([this] { PlayWorkers(); });

  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int thread = 0; thread < kThreads; ++thread) {
    clients.emplace_back([&, thread] {
      for (int i = 0; i < kCallsPerThread; ++i) {
        CallSpec call;
        call.kind = i % 3 == 0 ? CallKind::kTryImport : CallKind::kCall;
        call.target = "module" + std::to_string(i % 40);
        call.deadline = clock_.Now() + absl::Hours(1);
        call.timeout = absl::Hours(1);
        // Some find the gate by the session's name.
        const auto through =
            i % 2 == 0 ? session
                       : *registry_->FindSession(session->name(), "uid:1");
        auto handle = through->Submit(std::move(call),
                                      [&answered](CallResult) { ++answered; });
        if ((i + thread) % 5 == 0 && handle != nullptr) handle->Cancel();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  while (answered.load() < kThreads * kCallsPerThread) {
    std::this_thread::yield();
  }
  stop_ = true;
  workers.join();
  EXPECT_EQ(answered.load(), kThreads * kCallsPerThread);
  registry_->Shutdown([] {});
}

}  // namespace
}  // namespace envknit
