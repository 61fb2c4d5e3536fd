#include "tests/pool/fake_workers.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace envknit {
namespace {

class FakeWorker final : public Worker {
 public:
  FakeWorker(FakeWorkerFactory* factory, Epoch epoch,
             std::shared_ptr<WorkerRecord> record)
      : factory_(factory), record_(std::move(record)) {
    info_.epoch = epoch;
    info_.pid = 1000 + static_cast<int>(epoch & 0xffff);
    info_.python = "3.11.7";
  }
  ~FakeWorker() override { Note("destroyed"); }

  const WorkerInfo& info() const override { return info_; }
  void Submit(WorkerCall call) override {
    {
      const absl::MutexLock lock(&record_->mu);
      record_->asked.push_back(absl::StrCat("submit ", call.body));
      record_->submitted.push_back(call.id);
      record_->submitting_thread = std::this_thread::get_id();
    }
    if (factory_->on_submit) factory_->on_submit(info_.epoch, call);
  }
  void Cancel(CallId id) override { Note(absl::StrCat("cancel ", id)); }
  void DumpStack() override { Note("dump"); }
  void Kill() override { Note("kill"); }
  void Stop() override { Note("stop"); }
  CallProgress Progress(CallId) const override {
    return CallProgress::kRunning;
  }
  uint64_t HandlesHeld() const override { return 3; }

 private:
  void Note(std::string what) {
    const absl::MutexLock lock(&record_->mu);
    record_->asked.push_back(std::move(what));
  }

  FakeWorkerFactory* const factory_;
  const std::shared_ptr<WorkerRecord> record_;
  WorkerInfo info_;
};

}  // namespace

void FakeWorkerFactory::Start(WorkerSpec spec, WorkerListener* listener,
                              Started started) {
  const absl::MutexLock lock(&mu_);
  const Epoch epoch = spec.epoch;
  starts_[epoch] = {std::move(spec), listener, std::move(started),
                    std::make_shared<WorkerRecord>()};
}

std::vector<Epoch> FakeWorkerFactory::Epochs() const {
  const absl::MutexLock lock(&mu_);
  std::vector<Epoch> epochs;
  for (const auto& [epoch, start] : starts_) epochs.push_back(epoch);
  return epochs;
}

FakeWorkerFactory::PendingStart FakeWorkerFactory::Find(Epoch epoch) const {
  const absl::MutexLock lock(&mu_);
  return starts_.at(epoch);
}

WorkerListener* FakeWorkerFactory::ListenerOf(Epoch epoch) const {
  return Find(epoch).listener;
}

std::shared_ptr<WorkerRecord> FakeWorkerFactory::RecordOf(Epoch epoch) const {
  return Find(epoch).record;
}

void FakeWorkerFactory::Succeed(Epoch epoch) {
  Started started;
  std::shared_ptr<WorkerRecord> record;
  {
    const absl::MutexLock lock(&mu_);
    started = std::exchange(starts_.at(epoch).started, nullptr);
    record = starts_.at(epoch).record;
  }
  started(std::make_unique<FakeWorker>(this, epoch, std::move(record)));
}

void FakeWorkerFactory::Fail(Epoch epoch, absl::Status status) {
  Started started;
  {
    const absl::MutexLock lock(&mu_);
    started = std::exchange(starts_.at(epoch).started, nullptr);
  }
  started(std::move(status));
}

void FakeWorkerFactory::ReplyToLast(Epoch epoch, WorkerReply reply) {
  const PendingStart start = Find(epoch);
  {
    const absl::MutexLock lock(&start.record->mu);
    reply.id = start.record->submitted.back();
  }
  start.listener->OnReply(std::move(reply));
}

}  // namespace envknit
