#ifndef ENVKNIT_SERVER_WORKER_WORKER_OUTPUT_H_
#define ENVKNIT_SERVER_WORKER_WORKER_OUTPUT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace envknit {

// Which worker wrote something.
struct WorkerLabel {
  std::string environment;
  int pid = 0;
};

enum class OutputStream { kStdout, kStderr };

// Where the lines go that user code prints. One object for each worker, used on
// the loop's thread only; must not block.
class WorkerOutput {
 public:
  virtual ~WorkerOutput() = default;

  // A line without its newline: any bytes, at most OutputPipe::kMaxLineBytes.
  virtual void OnLine(OutputStream stream, absl::string_view line) = 0;
};

// Makes the output of a new worker. Called on the loop's thread.
using WorkerOutputFactory =
    std::function<std::unique_ptr<WorkerOutput>(const WorkerLabel& label)>;

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_WORKER_OUTPUT_H_
