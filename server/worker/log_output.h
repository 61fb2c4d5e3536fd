#ifndef ENVKNIT_SERVER_WORKER_LOG_OUTPUT_H_
#define ENVKNIT_SERVER_WORKER_LOG_OUTPUT_H_

#include <cstdint>

#include "absl/time/time.h"

#include "envknit/clock.h"
#include "server/base/log.h"
#include "server/worker/worker_output.h"

namespace envknit {

// Writes a worker's lines to the daemon's log, tagged with environment and pid:
// a burst of 1,000, then 200 a second; what is beyond is counted and the count
// logged, so that a print in an endless loop fills no disk. Owned by the
// worker; used on the loop's thread.
class LogOutput final : public WorkerOutput {
 public:
  // `logger` and `clock` are borrowed and outlive it.
  LogOutput(WorkerLabel label, Logger* logger, const Clock* clock);
  // Logs how many lines were dropped last.
  ~LogOutput() override;

  void OnLine(OutputStream stream, absl::string_view line) override;

 private:
  bool TakeToken();
  void ReportDropped();

  // Constant after construction.
  const WorkerLabel label_;
  Logger* const logger_;
  const Clock* const clock_;

  double tokens_;
  absl::Time refilled_;
  int64_t dropped_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_LOG_OUTPUT_H_
