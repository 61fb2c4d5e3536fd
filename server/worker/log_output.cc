#include "server/worker/log_output.h"

#include <algorithm>
#include <utility>

namespace envknit {
namespace {

constexpr double kBurst = 1000;
constexpr double kPerSecond = 200;

}  // namespace

LogOutput::LogOutput(WorkerLabel label, Logger* logger, const Clock* clock)
    : label_(std::move(label)),
      logger_(logger),
      clock_(clock),
      tokens_(kBurst),
      refilled_(clock->Now()) {}

LogOutput::~LogOutput() { ReportDropped(); }

void LogOutput::OnLine(OutputStream stream, absl::string_view line) {
  if (!logger_->Enabled(LogLevel::kInfo)) return;
  if (!TakeToken()) {
    ++dropped_;
    return;
  }
  ReportDropped();
  logger_->Info(
      "worker output",
      {{"environment", label_.environment},
       {"pid", label_.pid},
       {"stream", stream == OutputStream::kStdout ? "stdout" : "stderr"},
       {"text", line}});
}

bool LogOutput::TakeToken() {
  const absl::Time now = clock_->Now();
  tokens_ = std::min(
      kBurst, tokens_ + kPerSecond * absl::ToDoubleSeconds(now - refilled_));
  refilled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void LogOutput::ReportDropped() {
  if (dropped_ == 0) return;
  logger_->Warning("worker output dropped: too many lines",
                   {{"environment", label_.environment},
                    {"pid", label_.pid},
                    {"lines", std::exchange(dropped_, 0)}});
}

}  // namespace envknit
