#include "server/pool/import_probes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "server/pool/pool_errors.h"

namespace envknit {
namespace {

using Kind = ImportVerdict::Kind;

// Epochs of one daemon are unique: pools count from 1, trials from the middle.
constexpr Epoch kFirstEpoch = Epoch{1} << 31;

std::string KeyOf(const Environment& environment,
                  const std::vector<std::string>& modules) {
  // No module's name has a NUL that Python would import.
  return absl::StrCat(environment.digest, absl::string_view("\0", 1),
                      absl::StrJoin(modules, absl::string_view("\0", 1)));
}

ImportVerdict UntriedWhileDraining() {
  ImportVerdict verdict;
  verdict.problem = Draining();
  verdict.why = std::string(verdict.problem.message());
  return verdict;
}

absl::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kLoads:
      return "loads";
    case Kind::kIncompatible:
      return "incompatible";
    case Kind::kFailed:
      return "failed";
    case Kind::kUntried:
      return "untried";
  }
  return "";
}

}  // namespace

ImportProbes::ImportProbes(const Options& options,
                           const ImportProbe::Parts& parts, Logger* logger,
                           uint32_t instance_tag)
    : options_(options),
      parts_(parts),
      logger_(logger),
      next_epoch_((static_cast<Epoch>(instance_tag) << 32) + kFirstEpoch) {}

void ImportProbes::Try(const std::shared_ptr<const Environment>& environment,
                       std::vector<std::string> modules, Done done) {
  absl::optional<ImportVerdict> verdict =
      KnownOrWait(environment, std::move(modules), done);
  if (verdict.has_value()) return done(*std::move(verdict));
  StartNext();
}

absl::optional<ImportVerdict> ImportProbes::KnownOrWait(
    const std::shared_ptr<const Environment>& environment,
    std::vector<std::string> modules, Done& done) {
  const std::string key = KeyOf(*environment, modules);
  const absl::MutexLock lock(&mu_);
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  if (shut_down_) return UntriedWhileDraining();
  const auto [trial, is_new] = trials_.try_emplace(key);
  trial->second.waiting.push_back(std::move(done));
  if (is_new) {
    trial->second.environment = environment;
    trial->second.modules = std::move(modules);
    queue_.push_back(key);
  }
  return absl::nullopt;
}

void ImportProbes::StartNext() {
  while (true) {
    std::shared_ptr<ImportProbe> probe;
    std::shared_ptr<const Environment> environment;
    Epoch epoch = 0;
    {
      const absl::MutexLock lock(&mu_);
      if (queue_.empty() || running_ >= options_.max_running) return;
      const std::string key = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
      Trial& trial = trials_.at(key);
      probe = trial.probe = std::make_shared<ImportProbe>(
          parts_, trial.modules,
          [weak = weak_from_this(), key](const ImportVerdict& verdict) {
            const auto self = weak.lock();
            if (self != nullptr) self->OnVerdict(key, verdict);
          });
      environment = trial.environment;
      epoch = next_epoch_++;
    }
    probe->Start(std::move(environment), epoch, options_.time_limit);
  }
}

void ImportProbes::OnVerdict(const std::string& key,
                             const ImportVerdict& verdict) {
  Trial trial;
  {
    const absl::MutexLock lock(&mu_);
    const auto found = trials_.find(key);
    if (found == trials_.end()) return;
    trial = std::move(found->second);
    trials_.erase(found);
    if (trial.probe != nullptr) --running_;
    ++telling_;
    if (verdict.kind != Kind::kUntried) Remember(key, verdict);
    if (verdict.kind == Kind::kLoads) {
      for (const std::string& module : trial.modules) {
        Remember(KeyOf(*trial.environment, {module}), verdict);
      }
    }
  }
  Log(trial, verdict);
  for (const Done& done : trial.waiting) done(verdict);
  {
    const absl::MutexLock lock(&mu_);
    --telling_;
  }
  StartNext();
}

void ImportProbes::Remember(const std::string& key,
                            const ImportVerdict& verdict) {
  if (!known_.emplace(key, verdict).second) return;
  known_order_.push_back(key);
  if (known_order_.size() <= options_.max_remembered) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

void ImportProbes::Log(const Trial& trial, const ImportVerdict& verdict) const {
  logger_->Info("modules tried in a sub-interpreter",
                {{"environment", trial.environment->name},
                 {"modules", static_cast<int64_t>(trial.modules.size())},
                 {"verdict", KindName(verdict.kind)},
                 {"module", verdict.module},
                 {"why", verdict.why}});
}

void ImportProbes::Shutdown() {
  std::vector<std::shared_ptr<ImportProbe>> running;
  std::vector<std::string> waiting;
  {
    const absl::MutexLock lock(&mu_);
    shut_down_ = true;
    for (const auto& [key, trial] : trials_) {
      if (trial.probe != nullptr) running.push_back(trial.probe);
    }
    waiting.assign(queue_.begin(), queue_.end());
    queue_.clear();
  }
  for (const auto& probe : running) probe->Abandon(Draining());
  for (const std::string& key : waiting) {
    OnVerdict(key, UntriedWhileDraining());
  }
  const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return telling_ == 0;
  };
  const absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&quiet));
}

}  // namespace envknit
