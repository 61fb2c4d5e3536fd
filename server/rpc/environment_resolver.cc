#include "server/rpc/environment_resolver.h"

#include <utility>

#include "server/rpc/environment_query.h"

namespace envknit {
namespace {

// Clients choose what is asked, so what is remembered must end somewhere; far
// more environments than one machine serves.
constexpr std::size_t kMaxKnown = 1024;
// Longer than the selector of any environment that is asked for often.
constexpr std::size_t kMaxKnownBytes = 16 << 10;

}  // namespace

EnvironmentResolver::EnvironmentResolver(EnvironmentStore* store)
    : store_(store), thread_([this] { RunThread(); }) {}

EnvironmentResolver::~EnvironmentResolver() {
  std::thread search;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    search.swap(search_);
  }
  if (search.joinable()) search.join();
  thread_.join();
}

void EnvironmentResolver::Resolve(const std::string& selector,
                                  IsolationRequest isolation, Resolved done) {
  std::shared_ptr<const Environment> known;
  {
    const Question question(selector, isolation);
    absl::MutexLock lock(&mu_);
    const auto it = known_.find(question);
    if (it == known_.end()) {
      work_.push_back([this, question, done = std::move(done)] {
        ResolveNow(question, done);
      });
      return;
    }
    known = it->second;
  }
  done(std::move(known));
}

void EnvironmentResolver::ResolveNow(const Question& question,
                                     const Resolved& done) {
  const auto& [selector, isolation] = question;
  absl::StatusOr<EnvironmentQuery> query = ParseEnvironmentQuery(selector);
  if (!query.ok()) return done(query.status());
  absl::StatusOr<std::shared_ptr<const Environment>> environment =
      store_->Resolve(*query, isolation);
  if (environment.ok() && selector.size() <= kMaxKnownBytes) {
    absl::MutexLock lock(&mu_);
    if (known_.size() >= kMaxKnown) known_.clear();
    known_.emplace(question, *environment);
  }
  done(std::move(environment));
}

void EnvironmentResolver::FindSubinterpreters(std::function<void(bool)> done) {
  bool found = false;
  {
    absl::MutexLock lock(&mu_);
    if (!has_subinterpreters_.has_value()) {
      want_subinterpreters_.push_back(std::move(done));
      if (!search_.joinable()) {
        search_ = std::thread([this] { LookForSubinterpreters(); });
      }
      return;
    }
    found = *has_subinterpreters_;
  }
  done(found);
}

void EnvironmentResolver::LookForSubinterpreters() {
  const bool found = store_->HasSubinterpreters();
  std::vector<std::function<void(bool)>> waiting;
  {
    absl::MutexLock lock(&mu_);
    has_subinterpreters_ = found;
    waiting.swap(want_subinterpreters_);
  }
  for (const std::function<void(bool)>& done : waiting) done(found);
}

void EnvironmentResolver::Run(std::function<void()> function) {
  absl::MutexLock lock(&mu_);
  work_.push_back(std::move(function));
}

void EnvironmentResolver::RunThread() {
  while (true) {
    std::function<void()> next;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &EnvironmentResolver::HasWork));
      if (work_.empty()) return;
      next = std::move(work_.front());
      work_.pop_front();
    }
    next();
  }
}

}  // namespace envknit
