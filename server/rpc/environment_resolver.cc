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
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

void EnvironmentResolver::Resolve(const std::string& selector, Resolved done) {
  std::shared_ptr<const Environment> known;
  {
    absl::MutexLock lock(&mu_);
    const auto it = known_.find(selector);
    if (it == known_.end()) {
      work_.push_back([this, selector, done = std::move(done)] {
        ResolveNow(selector, done);
      });
      return;
    }
    known = it->second;
  }
  done(std::move(known));
}

void EnvironmentResolver::ResolveNow(const std::string& selector,
                                     const Resolved& done) {
  absl::StatusOr<EnvironmentQuery> query = ParseEnvironmentQuery(selector);
  if (!query.ok()) return done(query.status());
  absl::StatusOr<std::shared_ptr<const Environment>> environment =
      store_->Resolve(*query);
  if (environment.ok() && selector.size() <= kMaxKnownBytes) {
    absl::MutexLock lock(&mu_);
    if (known_.size() >= kMaxKnown) known_.clear();
    known_.emplace(selector, *environment);
  }
  done(std::move(environment));
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
