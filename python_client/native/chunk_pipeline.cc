#include "python_client/native/chunk_pipeline.h"

#include <utility>

namespace envknit::native {
namespace {

// One is on its way, one is written by the worker, one is read here.
constexpr std::size_t kUnderWay = 3;

}  // namespace

Session::ChunkPipeline::ChunkPipeline(Session* session, AttachMethod method,
                                      double timeout_seconds,
                                      double slack_seconds)
    : session_(session),
      method_(method),
      timeout_seconds_(timeout_seconds),
      slack_seconds_(slack_seconds) {}

Session::ChunkPipeline::~ChunkPipeline() {
  AttachStream& stream = session_->connection_->stream();
  for (const auto& pending : under_way_) {
    stream.Abandon(pending.get());
    session_->Cancel(pending->call_id);
  }
}

bool Session::ChunkPipeline::is_full() const {
  return under_way_.size() >= kUnderWay;
}

void Session::ChunkPipeline::Send(std::string body) {
  auto pending = std::make_unique<PendingCall>();
  pending->method = method_;
  pending->session_number = session_->number_;
  session_->connection_->stream().Send(
      session_->MakeFrame(method_, std::move(body), timeout_seconds_),
      pending.get());
  under_way_.push_back(std::move(pending));
}

WaitEnd Session::ChunkPipeline::Await(std::unique_ptr<PendingCall>* oldest) {
  *oldest = std::move(under_way_.front());
  under_way_.pop_front();
  return session_->AwaitReply(oldest->get(), timeout_seconds_, slack_seconds_);
}

}  // namespace envknit::native
