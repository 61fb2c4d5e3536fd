#ifndef ENVKNIT_SERVER_WORKER_ECHOED_OUTPUT_H_
#define ENVKNIT_SERVER_WORKER_ECHOED_OUTPUT_H_

#include <memory>

#include "server/base/fd_writer.h"
#include "server/worker/worker_output.h"

namespace envknit {

// A WorkerOutput whose lines also go to a descriptor as they are: a private
// daemon shares its client's stderr, and there a print() in a worker is
// expected.
class EchoedOutput final : public WorkerOutput {
 public:
  // `writer` is borrowed and outlives it.
  EchoedOutput(std::unique_ptr<WorkerOutput> output, FdWriter* writer);

  void OnLine(OutputStream stream, absl::string_view line) override;

 private:
  // Constant after construction.
  const std::unique_ptr<WorkerOutput> output_;
  FdWriter* const writer_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_ECHOED_OUTPUT_H_
