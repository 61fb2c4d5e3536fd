#ifndef ENVKNIT_SERVER_WORKER_OUTPUT_PIPE_H_
#define ENVKNIT_SERVER_WORKER_OUTPUT_PIPE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "envknit/clock.h"
#include "server/base/event_loop.h"
#include "server/base/unique_fd.h"

namespace envknit {

// The daemon's end of a worker's stdout or stderr: cuts what comes into lines.
// Whatever a worker prints costs at most one line of memory and a bounded share
// of the loop: over 64 MB a second reading pauses, and the worker waits in its
// write. Used on the loop's thread.
class OutputPipe final {
 public:
  // A longer line is cut into several.
  static constexpr std::size_t kMaxLineBytes = 8 * 1024;

  using OnLine = std::function<void(absl::string_view line)>;

  // Takes the non-blocking read end. `loop` and `clock` are borrowed.
  OutputPipe(UniqueFd fd, EventLoop* loop, const Clock* clock, OnLine on_line);
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;
  ~OutputPipe();

  absl::Status Start();

  // Reads what a dead worker left (at most what a pipe holds), hands out an
  // unfinished last line too, and stops.
  void Finish();

 private:
  enum class Read { kData, kNothing, kEnd };

  void OnReady();
  Read ReadOnce();
  void Consume(absl::string_view bytes);
  void Emit();
  void PauseIfOverBudget();
  void Stop();

  // Constant after construction.
  EventLoop* const loop_;
  const Clock* const clock_;
  const OnLine on_line_;

  UniqueFd fd_;
  std::string line_;
  // Bytes read since window_start_.
  std::size_t window_bytes_ = 0;
  absl::Time window_start_ = absl::InfinitePast();
  Timers::Id resume_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_OUTPUT_PIPE_H_
