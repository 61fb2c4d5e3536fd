#include "tests/pool/pool_script.h"

#include <variant>

#include "absl/strings/str_cat.h"

#include "server/base/annotated_status.h"

namespace envknit {
namespace {

std::string ReasonOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  const auto detail = GetErrorDetail(status);
  return detail ? std::string(ErrorReasonName(detail->reason))
                : absl::StatusCodeToString(status.code());
}

std::string DescribeSend(const SendCall& send) {
  std::string text = absl::StrCat("send ", send.epoch, "#", send.call.id, " ");
  switch (send.call.kind) {
    case CallKind::kImport:
      return absl::StrCat(text, "import ", send.call.body);
    case CallKind::kGetAttr:
      return absl::StrCat(text, "getattr ", send.call.body);
    case CallKind::kCall:
      return absl::StrCat(text, "call ", send.call.body);
    case CallKind::kRelease:
      return absl::StrCat(text, "release");
    case CallKind::kEndSession:
      return absl::StrCat(text, "end_session ", send.call.session);
    case CallKind::kSetAttr:
      return absl::StrCat(text, "setattr ", send.call.body);
    case CallKind::kDelAttr:
      return absl::StrCat(text, "delattr ", send.call.body);
    case CallKind::kFetch:
      return absl::StrCat(text, "fetch ", send.call.body);
    case CallKind::kPut:
      return absl::StrCat(text, "put ", send.call.body);
    case CallKind::kNext:
      return absl::StrCat(text, "next ", send.call.body);
    case CallKind::kDescribe:
      return absl::StrCat(text, "describe ", send.call.body);
    case CallKind::kExecute:
      return absl::StrCat(text, "execute ", send.call.body);
    case CallKind::kTryImport:
      return absl::StrCat(text, "try_import ", send.call.body);
  }
  return text;
}

std::string NoticeName(const LadderNotice& notice) {
  switch (notice.action) {
    case LadderNotice::Action::kFinished:
      return "finished";
    case LadderNotice::Action::kInterrupted:
      return "interrupted";
    case LadderNotice::Action::kRetired:
      return "retired";
    case LadderNotice::Action::kKilled:
      return "killed";
  }
  return "";
}

}  // namespace

PoolScript::PoolScript(PoolOptions options)
    : state_(
          options, [this] { return ++last_epoch_; },
          [this](Epoch, CallId call) {
            const auto found = progress_.find(call);
            return found == progress_.end() ? CallProgress::kRunning
                                            : found->second;
          }) {}

std::string PoolScript::Describe(Action& action) {
  completed_.clear();
  if (auto* a = std::get_if<StartWorker>(&action)) {
    return absl::StrCat("start ", a->epoch);
  }
  if (auto* a = std::get_if<SendCall>(&action)) return DescribeSend(*a);
  if (auto* a = std::get_if<CancelOnWorker>(&action)) {
    return absl::StrCat("cancel ", a->epoch, "#", a->call);
  }
  if (auto* a = std::get_if<DumpWorkerStack>(&action)) {
    return absl::StrCat("dump ", a->epoch);
  }
  if (auto* a = std::get_if<KillWorker>(&action)) {
    return absl::StrCat("kill ", a->epoch);
  }
  if (auto* a = std::get_if<StopWorker>(&action)) {
    return absl::StrCat("stop ", a->epoch);
  }
  if (auto* a = std::get_if<DisposeWorker>(&action)) {
    return absl::StrCat("dispose ", a->epoch);
  }
  if (auto* a = std::get_if<SessionReady>(&action)) {
    return absl::StrCat("ready ", a->session, " on ", a->worker.epoch);
  }
  if (auto* a = std::get_if<SessionFailed>(&action)) {
    return absl::StrCat("failed ", a->session, ": ", ReasonOf(a->status));
  }
  if (auto* a = std::get_if<ImplicitSessionOpened>(&action)) {
    return absl::StrCat("implicit ", a->session);
  }
  if (auto* a = std::get_if<SessionEnded>(&action)) {
    return absl::StrCat("ended ", a->session);
  }
  if (auto* a = std::get_if<CompleteCall>(&action)) {
    a->done(std::move(a->result));
    if (a->implicit_session != 0) {
      absl::StrAppend(&completed_, " session=", a->implicit_session);
    }
    return completed_;
  }
  if (auto* a = std::get_if<SetTimer>(&action)) timer_ = a->when;
  if (std::holds_alternative<PoolEmpty>(action)) return "empty";
  return "";
}

CallDone PoolScript::Note(const std::string& target) {
  return [this, target](CallResult result) {
    completed_ = absl::StrCat(target, ": ", ReasonOf(result.status));
    if (result.new_epoch != 0) {
      absl::StrAppend(&completed_, " epoch=", result.new_epoch);
    }
    for (const LadderNotice& notice : result.notices) {
      absl::StrAppend(&completed_, " ", notice.target, "=", NoticeName(notice));
    }
    results_[target] = std::move(result);
  };
}

Lines PoolScript::Take() {
  std::vector<Action> actions;
  state_.TakeActions(&actions);
  Lines lines;
  for (Action& action : actions) {
    std::string line = Describe(action);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  if (!refused_.empty()) lines.push_back(std::exchange(refused_, ""));
  return lines;
}

CallSpec PoolScript::MakeSpec(const std::string& target,
                              const ScriptCall& options) {
  CallSpec spec;
  spec.kind = options.kind;
  spec.target = target;
  spec.body = options.body.empty() ? target : options.body;
  spec.timeout = options.timeout;
  spec.deadline = now_ + options.timeout;
  spec.start_timeout = absl::Seconds(60);
  spec.client_call_id = options.client_call_id;
  return spec;
}

Lines PoolScript::Open(SessionTerms terms) {
  if (terms.start_timeout == absl::ZeroDuration()) {
    terms.start_timeout = absl::Seconds(60);
  }
  const auto number = state_.OpenSession(now_, terms);
  if (!number.ok())
    refused_ = absl::StrCat("open: ", ReasonOf(number.status()));
  return Take();
}

Lines PoolScript::CloseAfter(SessionNumber session, absl::Duration grace) {
  state_.CloseSessionAfter(now_, session, grace);
  return Take();
}

Lines PoolScript::Close(SessionNumber session) {
  state_.CloseSession(now_, session);
  return Take();
}

Lines PoolScript::Submit(SessionNumber session, const std::string& target,
                         ScriptCall options) {
  numbers_[target] = state_.Submit(now_, session, "name",
                                   MakeSpec(target, options), Note(target));
  return Take();
}

Lines PoolScript::Import(SessionNumber session, const std::string& module) {
  return Submit(session, module, {.kind = CallKind::kImport});
}

Lines PoolScript::SubmitAlone(const Identity& identity,
                              const std::string& target, ScriptCall options) {
  numbers_[target] = state_.SubmitWithoutSession(
      now_, identity, MakeSpec(target, options), Note(target));
  return Take();
}

Lines PoolScript::CancelCall(const std::string& target) {
  state_.CancelCall(now_, numbers_.at(target));
  return Take();
}

Lines PoolScript::CancelByClient(SessionNumber session, uint32_t carrier,
                                 uint64_t id) {
  state_.CancelByClient(now_, session, carrier, id);
  return Take();
}

Lines PoolScript::Undelivered(SessionNumber session, Epoch epoch,
                              uint64_t first_handle, uint32_t count) {
  state_.Undelivered(now_, session, epoch, first_handle, count);
  return Take();
}

Lines PoolScript::Started(Epoch epoch) {
  WorkerInfo info;
  info.epoch = epoch;
  info.pid = 100 + static_cast<int>(epoch);
  state_.WorkerStarted(now_, epoch, info);
  return Take();
}

Lines PoolScript::StartFailed(Epoch epoch) {
  state_.WorkerStartFailed(
      now_, epoch,
      MakeError(ErrorReason::kWorkerUnavailable, "it did not start"));
  return Take();
}

Lines PoolScript::Reply(Epoch epoch, CallId call, ScriptReply options) {
  WorkerReply reply;
  reply.id = call;
  reply.status = options.status;
  reply.body = options.body;
  reply.first_handle = options.first_handle;
  reply.handle_count = options.handle_count;
  reply.interrupted = options.interrupted;
  reply.skipped = options.skipped;
  reply.retire = options.retire;
  state_.Reply(now_, epoch, std::move(reply));
  return Take();
}

Lines PoolScript::Imported(Epoch epoch, CallId call) {
  // ImportResponse{module{}}
  return Reply(epoch, call, {.body = std::string("\x0a\x00", 2)});
}

Lines PoolScript::Exit(Epoch epoch, ScriptExit options) {
  WorkerExit exit;
  exit.exit_code = options.exit_code;
  exit.signal = options.signal;
  exit.stderr_tail = options.stderr_tail;
  exit.stack = options.stack;
  state_.Exit(now_, epoch, exit);
  return Take();
}

Lines PoolScript::FireAfter(absl::Duration duration) {
  now_ += duration;
  timer_ = absl::InfiniteFuture();
  state_.TimerFired(now_);
  return Take();
}

Lines PoolScript::Shutdown() {
  state_.Shutdown(now_);
  return Take();
}

Lines PoolScript::Abandon() {
  state_.Abandon(now_);
  return Take();
}

void PoolScript::OpenAndStart() {
  Open();
  Started(1);
}

}  // namespace envknit
