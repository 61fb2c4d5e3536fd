#ifndef ENVKNIT_SERVER_WORKER_ECHOED_OUTPUT_H_
#define ENVKNIT_SERVER_WORKER_ECHOED_OUTPUT_H_

#include <cstdint>
#include <memory>

#include "server/worker/worker_output.h"

namespace envknit {

// A WorkerOutput whose lines also go to a descriptor as they are: a private
// daemon shares its client's stderr, and there a print() in a worker is
// expected. Lines that would have to wait for the reader are dropped and
// counted, because everything else would wait with them.
class EchoedOutput final : public WorkerOutput {
 public:
  // `fd` is borrowed and outlives it; writing to it must not raise SIGPIPE.
  EchoedOutput(std::unique_ptr<WorkerOutput> output, int fd);

  void OnLine(OutputStream stream, absl::string_view line) override;

 private:
  // Whole, or not at all when it would block at its beginning.
  bool Write(absl::string_view text);

  // Constant after construction.
  const std::unique_ptr<WorkerOutput> output_;
  const int fd_;

  int64_t dropped_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_ECHOED_OUTPUT_H_
